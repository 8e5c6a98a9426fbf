import type {
  DecisionRecord,
  ElevationRecord,
  LedgerRecord,
  OutcomeRecord,
  QuarantineRecord,
  RevocationRecord,
  SignalRecord,
  SignInRecord,
} from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { oneLine } from '../printable.ts'
import { shortAction, shortResource } from '../show-transaction.ts'
import { appFolder, type Paint, paintFor, type Terminal } from '../terminal.ts'
import { readRecords } from '../transaction.ts'

interface Flags extends CommonFlags {
  readonly session?: string
}

/** One sitting of a person: how they came in, everything that was decided for them in it, and what came of it. */
interface Sitting {
  readonly session: string
  readonly signIn?: SignInRecord
  readonly decisions: readonly (DecisionRecord & { readonly outcome?: OutcomeRecord['outcome'] })[]
  /** What they asked for and approved, and what became of it. */
  readonly elevations: readonly ElevationRecord[]
  /** What ended it, or took trust away from it: revocations, quarantine, shared signals. */
  readonly endings: readonly Ending[]
}

type Ending = RevocationRecord | QuarantineRecord | SignalRecord

/** `who USER`: one person's path over all transactions, sitting by sitting. Reads the ledger's files itself. */
export const who: Command<Terminal> = buildCommand<Flags, [user: string], Terminal>({
  docs: {
    brief: 'Follow one person over all transactions, session by session',
    fullDescription:
      'Prints how they signed in, every decision that was made about them or on their behalf, at every door, what ' +
      'came of it, their elevations, and what ended a session (revocations, quarantine, signals), in order. It ' +
      'reads the ledger, so it works while no server runs. An account of another issuer is ISSUER:NAME.',
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
    const none = `the ledger knows nothing of ${oneLine(user)}${where}`
    return {
      exit: sittings.length === 0 ? 'refused' : 'ok',
      json: { user, sessions: sittings },
      text: sittings.length === 0 ? none : sittings.flatMap((sitting) => show(sitting, paint)).join('\n'),
    }
  }),
})

/** Older records of functions name the transaction alone; its first decision names the session. */
function sittingsOf(records: readonly LedgerRecord[], user: string): readonly Sitting[] {
  const isTheirs = ({ subjectName, user: behalf }: DecisionRecord): boolean =>
    subjectName === user || isAccountOf(behalf, user)
  const sessionOf = new Map<string, string>()
  const signIns = new Map<string, SignInRecord>()
  const decisions = new Map<string, DecisionRecord[]>()
  const elevations = new Map<string, ElevationRecord[]>()
  const outcomes = new Map<string, OutcomeRecord['outcome']>()
  const endings: Ending[] = []
  for (const record of records) {
    if (record.kind === 'sign-in' && record.user === user && record.event === 'signed-in') {
      const session = record.sessionId ?? 'unknown'
      signIns.set(session, record)
      decisions.set(session, decisions.get(session) ?? [])
    }
    if (isEnding(record)) endings.push(record)
    if (record.kind === 'outcome') outcomes.set(record.decision, record.outcome)
    if (record.kind === 'elevation' && isAccountOf(record.by ?? record.subject, user)) {
      const session = record.sessionId ?? 'unknown'
      elevations.set(session, [...(elevations.get(session) ?? []), record])
    }
    if (record.kind !== 'decision' || !isTheirs(record)) continue
    const session = record.sessionId ?? sessionOf.get(record.transaction) ?? 'unknown'
    sessionOf.set(record.transaction, session)
    decisions.set(session, [...(decisions.get(session) ?? []), record])
  }
  const withOutcome = (record: DecisionRecord): Sitting['decisions'][number] => {
    const outcome = outcomes.get(record.id)
    return outcome === undefined ? record : { ...record, outcome }
  }
  return [...new Set([...decisions.keys(), ...elevations.keys()])].map((session) => {
    const signIn = signIns.get(session)
    const made = (decisions.get(session) ?? []).map(withOutcome)
    const asked = elevations.get(session) ?? []
    const beganAt = Math.min(...[signIn, ...made, ...asked].map((record) => record?.at ?? Infinity))
    const names = new Set([`user/${user}`, `session/${session}`, `device/${signIn?.device ?? ''}`])
    const ended = endings.filter((ending) => ending.at >= beganAt && targetsOf(ending).some((one) => names.has(one)))
    return { session, decisions: made, elevations: asked, endings: ended, ...(signIn === undefined ? {} : { signIn }) }
  })
}

function isEnding(record: LedgerRecord): record is Ending {
  return record.kind === 'revocation' || record.kind === 'quarantine' || record.kind === 'signal'
}

function targetsOf(ending: Ending): readonly string[] {
  return ending.kind === 'signal' ? ending.targets : [ending.target]
}

function isAccountOf(arn: string | undefined, user: string): boolean {
  return arn?.endsWith(`::user/${user}`) === true
}

function show({ session, signIn, decisions, elevations, endings }: Sitting, paint: Paint): readonly string[] {
  const came =
    signIn === undefined
      ? 'signed in elsewhere'
      : `signed in ${time(signIn.at)} from ${signIn.address} by ${(signIn.methods ?? []).join(', ')}` +
        (signIn.upstream === undefined ? '' : ` at ${signIn.upstream} as ${oneLine(signIn.subject ?? '?')}`) +
        (signIn.device === undefined ? '' : ` on ${signIn.device}`)
  const lines = [
    ...decisions.map((decision) => ({ at: decision.at, text: showDecision(decision, paint) })),
    ...elevations.map((record) => ({ at: record.at, text: showElevation(record, paint) })),
    ...endings.map((record) => ({ at: record.at, text: showEnding(record, paint) })),
  ]
  return [
    `${paint.strong('session')} ${session}  ${came}`,
    ...lines.toSorted((a, b) => a.at - b.at).map(({ text }) => text),
  ]
}

function showDecision(decision: Sitting['decisions'][number], paint: Paint): string {
  const { at, effect, door, subjectName, asked, id, reasons, outcome } = decision
  const verdict = effect === 'allow' ? paint.good('allow') : paint.bad('deny ')
  const [first] = asked
  const what = first === undefined ? '(nothing)' : `${shortAction(first.action)} ${shortResource(first.resource)}`
  const why = effect === 'deny' ? `  ${reasons[0]?.code ?? ''}` : outcome === undefined ? '' : `  ${outcome}`
  return `  ${time(at)} ${verdict} ${subjectName} -> ${what}${why}  ${paint.faint(`${door}  ${id}`)}`
}

function showElevation({ at, event, role, subject, by, request, reason }: ElevationRecord, paint: Paint): string {
  const whose = by === undefined || by === subject ? '' : ` of ${subject.replace(/^.*::user\//, '')}`
  const why = reason === undefined ? '' : `: ${oneLine(reason)}`
  return `  ${time(at)} elevation${whose} to ${role} ${event}${why}  ${paint.faint(request)}`
}

function showEnding(record: Ending, paint: Paint): string {
  const about = targetsOf(record).map(oneLine).join(', ')
  if (record.kind === 'revocation')
    return `  ${time(record.at)} ${paint.bad('ended')} ${about}: ${oneLine(record.reason)}`
  if (record.kind === 'quarantine') return `  ${time(record.at)} ${record.event} ${about}: ${oneLine(record.reason)}`
  const { stream, event, risk, compliant } = record
  const said = [
    ...(risk === undefined ? [] : [`risk ${risk}`]),
    ...(compliant === undefined ? [] : [compliant ? 'compliant' : 'not compliant']),
  ]
  const words = [event.replace(/^.*\//, ''), ...said].map(oneLine).join(', ')
  return `  ${time(record.at)} signal ${words} about ${about}  ${paint.faint(oneLine(stream))}`
}

const time = (at: number): string => new Date(at).toISOString()
