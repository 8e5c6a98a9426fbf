import { SallyportError } from '@sallyport/core/access'
import { policyOf } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { withApp } from '../load-app.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** `policy NAME`: what the manifest means for one function, in the cloud's own language. */
export const policy: Command<Terminal> = buildCommand<CommonFlags, [name: string], Terminal>({
  docs: { brief: 'Print the IAM JSON that the manifest means for a function' },
  parameters: {
    flags: commonFlags,
    positional: { kind: 'tuple', parameters: [{ brief: 'Function', parse: String, placeholder: 'NAME' }] },
  },
  func: answering((terminal, flags, name) =>
    withApp(terminal, appFolder(terminal, flags.app), ({ app, compiled }) => {
      const text = policyOf(compiled, app, name)
      if (text !== undefined) return { exit: 'ok', json: JSON.parse(text), text }
      const names = app.functions.map((one) => one.name).join(', ')
      throw new SallyportError('cli.unknown_name', `there is no function ${name}; the functions are ${names}`)
    }),
  ),
})
