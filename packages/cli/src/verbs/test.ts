import { checkInvariants, runExpectationsWith } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { faultsAnswer, toStderr, withApp, withGuests } from '../load-app.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** `test`: whether the manifest's own statements hold. */
export const test: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: {
    brief: 'Check the invariants (only) and run the worked examples (expect) of the manifest',
    fullDescription: 'Exits with 1 when one does not hold, and with 2 when the manifest itself is not right.',
  },
  parameters: { flags: commonFlags },
  func: answering((terminal, flags) =>
    withApp(terminal, appFolder(terminal, flags.app), async ({ app, compiled }) => {
      const examples = await withGuests(app, toStderr(terminal), (ask) => runExpectationsWith(compiled, app, ask))
      const faults = [...checkInvariants(compiled, app), ...examples]
      if (faults.length > 0) return faultsAnswer(faults, 'refused')
      const guests = (app.guests ?? []).map(({ name }) => name)
      const counts = { invariants: app.only.length, examples: app.expect.length, guests: guests.length }
      const narrowed = guests.length === 0 ? '' : `; narrowed by the guests ${guests.join(', ')}, which were asked`
      const text = `${counts.invariants} invariants and ${counts.examples} examples hold${narrowed}`
      return { exit: 'ok', json: { ...counts, faults }, text }
    }),
  ),
})
