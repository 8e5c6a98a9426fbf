import { commandLine, SallyportError } from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { showTransaction } from '../show-transaction.ts'
import { appFolder, paintFor, type Terminal } from '../terminal.ts'
import { findTransaction, readRecords } from '../transaction.ts'

interface Flags extends CommonFlags {
  readonly last: boolean
}

/** `why ID`: who asked for what, what decided, what came of it, over all hops. Reads the ledger's files itself. */
export const why: Command<Terminal> = buildCommand<Flags, [id?: string], Terminal>({
  docs: {
    brief: 'Tell why a request was allowed or refused',
    fullDescription:
      'Prints the whole transaction around a decision, hop under hop: subject, action, resource, verdict, layer, ' +
      'rule with file:line, fix, outcome. It reads the ledger, so it works while no server runs. ' +
      'Exits with 1 when the decision asked about is a denial.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      last: { kind: 'boolean', brief: 'The newest denial', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'Id of a decision or a transaction, or the first four or more of its characters',
          parse: String,
          placeholder: 'ID',
          optional: true,
        },
      ],
    },
  },
  func: answering(async (terminal, flags, id) => {
    const records = readRecords(appFolder(terminal, flags.app))
    const wanted = flags.last
      ? records.findLast((record) => record.kind === 'decision' && record.effect === 'deny')
      : undefined
    if (id === undefined && wanted === undefined) {
      if (flags.last) return { exit: 'ok', json: { refused: false }, text: 'nothing was refused here yet' }
      throw new SallyportError('cli.usage', 'say which: an id, or --last for the newest denial', {
        fix: commandLine('sallyport', 'why', '--last'),
      })
    }
    const asked = id ?? (wanted?.kind === 'decision' ? wanted.id : '')
    const { transaction, decision } = findTransaction(records, asked)
    return {
      exit: decision?.effect === 'deny' ? 'refused' : 'ok',
      json: { asked: decision?.id ?? transaction.id, ...transaction },
      text: showTransaction(transaction, decision?.id, paintFor(terminal)),
    }
  }),
})
