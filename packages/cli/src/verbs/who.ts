import type { DecisionRecord, LedgerRecord, SignInRecord } from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { shortAction, shortResource } from '../show-transaction.ts'
import { appFolder, type Paint, paintFor, type Terminal } from '../terminal.ts'
import { readRecords } from '../transaction.ts'
import { printable } from './logs.ts'

interface Flags extends CommonFlags {
  readonly session?: string
}

/** One sitting of a person: how they came in, and everything that was decided for them in it. */
interface Sitting {
  readonly session: string
  readonly signIn?: SignInRecord
  readonly decisions: readonly DecisionRecord[]
}

/** `who USER`: one person's path over all transactions, sitting by sitting. Reads the ledger's files itself. */
export const who: Command<Terminal> = buildCommand<Flags, [user: string], Terminal>({
  docs: {
    brief: 'Follow one person over all transactions, session by session',
    fullDescription:
      'Prints how they signed in, and every decision that was made about them or on their behalf, at every door, in ' +
      'order. It reads the ledger, so it works while no server runs. An account of another issuer is ISSUER:NAME.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      session: {
        kind: 'parsed',
        parse: String,
        brief: 'Only this session, by the first characters of its id',
        placeholder: 'ID',
        optional: true,
      },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the user', parse: String, placeholder: 'USER' }] },
  },
  func: answering(async (terminal, flags, user) => {
    const all = sittingsOf(readRecords(appFolder(terminal, flags.app)), user)
    const sittings = all.filter(({ session }) => session.startsWith(flags.session ?? ''))
    const paint = paintFor(terminal)
    const where = flags.session === undefined ? '' : ' in that session'
    const none = `the ledger knows nothing of ${printable(user)}${where}`
    return {
      exit: sittings.length === 0 ? 'refused' : 'ok',
      json: { user, sessions: sittings },
      text: sittings.length === 0 ? none : sittings.flatMap((sitting) => show(sitting, paint)).join('\n'),
    }
  }),
})

/** What functions did on somebody's behalf names the transaction alone; its first decision names the session. */
function sittingsOf(records: readonly LedgerRecord[], user: string): readonly Sitting[] {
  const isTheirs = ({ subjectName, user: behalf }: DecisionRecord): boolean =>
    subjectName === user || behalf?.endsWith(`::user/${user}`) === true
  const sessionOf = new Map<string, string>()
  const signIns = new Map<string, SignInRecord>()
  const decisions = new Map<string, DecisionRecord[]>()
  for (const record of records) {
    if (record.kind === 'sign-in' && record.user === user && record.event === 'signed-in') {
      const session = record.sessionId ?? 'unknown'
      signIns.set(session, record)
      decisions.set(session, decisions.get(session) ?? [])
    }
    if (record.kind !== 'decision' || !isTheirs(record)) continue
    const session = record.sessionId ?? sessionOf.get(record.transaction) ?? 'unknown'
    sessionOf.set(record.transaction, session)
    decisions.set(session, [...(decisions.get(session) ?? []), record])
  }
  return [...decisions].map(([session, made]) => {
    const signIn = signIns.get(session)
    return { session, decisions: made, ...(signIn === undefined ? {} : { signIn }) }
  })
}

function show({ session, signIn, decisions }: Sitting, paint: Paint): readonly string[] {
  const came =
    signIn === undefined
      ? 'signed in elsewhere'
      : `signed in ${time(signIn.at)} from ${signIn.address} by ${(signIn.methods ?? []).join(', ')}` +
        (signIn.device === undefined ? '' : ` on ${signIn.device}`)
  return [
    `${paint.strong('session')} ${session}  ${came}`,
    ...decisions.map((decision) => showDecision(decision, paint)),
  ]
}

function showDecision({ at, effect, door, subjectName, asked, id, reasons }: DecisionRecord, paint: Paint): string {
  const verdict = effect === 'allow' ? paint.good('allow') : paint.bad('deny ')
  const [first] = asked
  const what = first === undefined ? '(nothing)' : `${shortAction(first.action)} ${shortResource(first.resource)}`
  const why = effect === 'deny' ? `  ${reasons[0]?.code ?? ''}` : ''
  return `  ${time(at)} ${verdict} ${subjectName} -> ${what}${why}  ${paint.faint(`${door}  ${id}`)}`
}

const time = (at: number): string => new Date(at).toISOString()
