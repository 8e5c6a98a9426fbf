import {
  type AccessRequest,
  type Allow,
  type Context,
  contextKeys,
  type Decision,
  type Deny,
  type Grant,
  type Receipt,
  SallyportError,
  type Subject,
} from '@sallyport/core/access'
import type { Gate, Outcome } from '@sallyport/core/enforcement'
import type { Evidence } from '@sallyport/core/identity'

import { type AskGuests, principalFacts, subjectFacts } from '../information/index.ts'
import { underGrant } from './streamed.ts'
import type { AdministrativeRequest, ApiAnswer } from './verb.ts'

/** What the administration door needs from the other rooms. */
export interface AdministrationRooms {
  /** Must demand a proof with a nonce of this run. */
  readonly identify: (evidence: Evidence) => Subject | Promise<Subject>
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  /** What shared signals say of the subject. */
  readonly standingOf: (subject: Subject) => Context
  /** Adds what the guests say. Never rejects. */
  readonly askGuests: AskGuests
  readonly decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => Decision
  readonly record: (decision: Decision) => Promise<Receipt>
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  readonly isCurrent: (grant: Grant) => boolean
  /** Tells once when a grant ends; what it gives back ends the listening. */
  readonly whenEnded: (grant: Grant, tell: () => void) => () => void
  /** How to sign in instead, where that would help (RFC 9470); undefined for other refusals. */
  readonly challenge: (code: string, decision: Deny) => string | undefined
  readonly settle: (grant: Grant, outcome: Promise<Outcome>) => void
  readonly newId: () => string
  readonly nowMs: () => number
}

/** The third door: every verb that changes a running server. Whoever runs Sallyport meets the same walk. */
export function administrationGate(rooms: AdministrationRooms): Gate<AdministrativeRequest, ApiAnswer> {
  return {
    authenticate: ({ credentials, proofs, verb, url }) =>
      rooms.identify({ credentials, proofs, target: { method: verb.method, url } }),
    describe: (request, subject) => {
      const { fault, context, action, resource } = request.verb.ask(request, subject)
      const refused = subject.refused ?? missingToken(subject) ?? unboundToken(subject) ?? fault
      return [
        {
          id: rooms.newId(),
          transaction: rooms.newId(),
          subject,
          action,
          resource,
          context: {
            ...subjectFacts(subject, rooms.elevatedRoles(subject.id), undefined, rooms.nowMs()),
            ...rooms.standingOf(subject),
            ...principalFacts(subject, rooms.nowMs()),
            [contextKeys.sourceZone]: 'administration',
            [contextKeys.subject]: subject.id,
            ...context,
          },
          actors: [],
          ...(subject.kind === 'user' ? { user: subject } : {}),
          ...(refused === undefined ? {} : { refusal: { ...refused, layer: 'door' as const } }),
        },
      ]
    },
    gather: rooms.askGuests,
    decide: rooms.decide,
    record: rooms.record,
    refuse: (decision) => {
      const [{ code, message, fix }] = decision.reasons
      const status = /^(?:token|dpop)\.|authentication_too_old$|mfa_required$/.test(code)
        ? 401
        : code.endsWith('.unknown')
          ? 404
          : 403
      // The operator's own terminal: the fix may be shown here, unlike at the ingress door.
      const challenge = rooms.challenge(code, decision)
      const body = { code, reason: message, id: decision.id, ...(fix === undefined ? {} : { fix }) }
      return { status, body, ...(challenge === undefined ? {} : { challenge }) }
    },
    admit: rooms.admit,
    pass: async (request, grant) => {
      const [{ subject }] = grant.decision.asked
      if (!rooms.isCurrent(grant)) {
        const body = { code: 'grant.ended', reason: 'The right to do this ended.', id: grant.decision.id }
        return {
          response: { status: 401, body },
          outcome: Promise.resolve({ outcome: 'aborted', detail: 'grant.ended' }),
        }
      }
      const answer = await Promise.resolve(request.verb.carryOut(request, subject, grant)).catch(answerTo)
      const { status, body } = answer
      if (answer.stream !== undefined) {
        const { stream, outcome: later } = underGrant(answer.stream, grant, rooms)
        return { response: { status, body: { id: grant.decision.id }, stream }, outcome: later }
      }
      const outcome: Outcome = { outcome: status < 400 ? 'done' : 'failed', status }
      return {
        response: { status, body: { ...(body as object), id: grant.decision.id } },
        outcome: Promise.resolve(outcome),
      }
    },
    settle: rooms.settle,
  }
}

/** What the room itself will not do is an answer, with its code; anything else is a failure. */
function answerTo(cause: unknown): ApiAnswer {
  if (!(cause instanceof SallyportError) || cause.publicMessage === undefined) throw cause
  return { status: 409, body: { code: cause.code, reason: cause.publicMessage } }
}

function missingToken(subject: Subject): { code: string; message: string } | undefined {
  if (subject.kind !== 'anonymous') return undefined
  return { code: 'token.missing', message: 'This changes the server: sign in (--as USER) with two factors.' }
}

/** Adversary: whoever copied a token. Here it is worth something only beside a key that never leaves its device. */
function unboundToken({ credential }: Subject): { code: string; message: string } | undefined {
  if (credential?.binding.includes('dpop') === true) return undefined
  return { code: 'token.unbound', message: 'This needs a token that is bound to a key: sign in by sallyport login.' }
}
