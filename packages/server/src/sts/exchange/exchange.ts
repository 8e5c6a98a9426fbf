import { hash } from 'node:crypto'

import {
  actions,
  type AccessRequest,
  anonymous,
  arn,
  type Context,
  contextKeys,
  type Decision,
  type Deny,
  type Grant,
  type Reason,
  type Receipt,
  type Subject,
} from '@sallyport/core/access'
import { enforce, type Gate } from '@sallyport/core/enforcement'
import type { ProofVerifier } from '@sallyport/core/identity'

import { type IngressRequest, type IngressResponse, jsonResponse } from '../../gateway/index.ts'
import { principalFacts, subjectFacts } from '../../information/index.ts'
import type { AccessTokens, Confirmation } from '../access-tokens.ts'
import type { KeyStore } from '../rotation.ts'
import { exchangeWords, readExchangeForm } from './form.ts'
import { type Proven, prove, type SubjectRooms } from './subject.ts'

type Shared = Pick<Gate<IngressRequest, IngressResponse>, 'gather' | 'decide' | 'settle'>

/** What the exchange needs from the other rooms. */
export interface ExchangeRooms extends Shared, SubjectRooms {
  readonly tokens: AccessTokens
  readonly proofs: ProofVerifier
  readonly store: KeyStore & { put(kind: string, id: string, value: string, expiresAtSeconds?: number): void }
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  /** What signals tell of a subject. */
  readonly standingOf: (subject: Subject) => Context
  readonly countryOf: (address: string) => string | undefined
  readonly record: (decision: Decision) => Promise<Receipt>
  readonly admit: Gate<IngressRequest, IngressResponse>['admit']
  readonly isCurrent: (grant: Grant) => boolean
  readonly newId: () => string
  /** The nonce that clients of DPoP are to use next. */
  readonly dpopNonce: () => string
}

/** An exchanged token is for the work at hand. */
const maxLifetimeSeconds = 300

interface Asked extends Proven {
  readonly kind: 'asked'
  readonly confirmation: Confirmation
  readonly granted: readonly string[]
}

/**
 * The exchange (RFC 8693; RFC 8705 §2 for certificates): who one is, proved in one way, becomes a token for the app's
 * own gateway, short-lived and bound to a key that was proved with this very request. It is one more walk: decided by
 * policy, recorded before it is made, refused with a code.
 */
export function exchange(request: IngressRequest, rooms: ExchangeRooms): Promise<IngressResponse> {
  let asked: Asked | undefined
  return enforce(request, {
    authenticate: async () => {
      const outcome = request.fault === undefined ? await read(request, rooms) : anonymous
      if (outcome.kind !== 'asked') return outcome
      asked = outcome
      return outcome.subject
    },
    describe: (_, subject) => [describe(request, subject, rooms)],
    gather: rooms.gather,
    decide: rooms.decide,
    record: rooms.record,
    refuse: (decision) => withNonce(refusalResponse(decision), request, rooms),
    admit: rooms.admit,
    pass: async (_, grant) => {
      const given = give(asked, grant, rooms)
      return { ...given, response: withNonce(given.response, request, rooms) }
    },
    settle: rooms.settle,
  })
}

function withNonce(response: IngressResponse, { proofs }: IngressRequest, rooms: ExchangeRooms): IngressResponse {
  if (proofs.length === 0) return response
  return { ...response, headers: [...response.headers, ['dpop-nonce', rooms.dpopNonce()]] }
}

/** Adversary: whoever sends it. Nobody is named before a key was proved that the token can be bound to. */
async function read(request: IngressRequest, rooms: ExchangeRooms): Promise<Asked | Subject> {
  const form = readExchangeForm(request.body, request.headers.get('content-type'), rooms.audience)
  if (form.kind === 'refused') return refused(form.code, 'The request for a token cannot be understood.')
  // RFC 6749 §2.3: one way to prove oneself. What stands in Authorization is for routes.
  if (request.credentials.length > 0) return refused('exchange.form', 'No Authorization header is taken here.')
  const confirmation = await confirmationOf(request, rooms)
  if ('roles' in confirmation) return confirmation
  const proven = await prove(form, confirmation, request.certificates, rooms)
  if (!('subject' in proven)) return proven
  const granted = form.scope ?? proven.scopes
  if (granted.some((scope) => !proven.scopes.includes(scope))) {
    return refused('exchange.scope', 'More scopes were asked for than the proof has.')
  }
  if (form.kind === 'exchange' && proven.isBearer && !isFirstKey(form.token, confirmation, proven, rooms)) {
    return refused('exchange.other_key', 'The token was exchanged before, for another key.')
  }
  return { kind: 'asked', confirmation, granted, ...proven }
}

/** A DPoP proof, else the certificate of the handshake: a token that is bound to nothing is not made. */
async function confirmationOf(request: IngressRequest, { proofs }: ExchangeRooms): Promise<Confirmation | Subject> {
  if (request.proofs.length > 0) {
    const proved = await proofs.prove(request.proofs, { method: request.method, url: request.url })
    return proved.kind === 'refused' ? refused(proved.code, proved.message) : { jkt: proved.keyThumbprint }
  }
  const { certificateThumbprint } = request
  if (certificateThumbprint !== undefined) return { 'x5t#S256': certificateThumbprint }
  return refused('exchange.unbound', 'Send a DPoP proof, or show a client certificate: tokens are bound to a key.')
}

/**
 * Who sees a bearer token may not take a bound one for it, once its owner has. Looked up and put in one turn: the store
 * is synchronous, so of two at the same moment one is the second. Known by what was signed, for a signature has other
 * spellings: of ECDSA's (r, s), (r, n - s) holds as well, and anybody can work it out.
 */
function isFirstKey(token: string, confirmation: Confirmation, proven: Proven, { store }: ExchangeRooms): boolean {
  const id = hash('sha256', token.slice(0, token.lastIndexOf('.')), 'base64url')
  const key = JSON.stringify(confirmation)
  const known = store.get('exchanged-token', id)
  if (known === undefined) store.put('exchanged-token', id, key, proven.expiresAtSeconds + 60)
  return known === undefined || known === key
}

function describe(request: IngressRequest, subject: Subject, rooms: ExchangeRooms): AccessRequest {
  const refusal = refusalOf(request, subject)
  const facts = subjectFacts(
    subject,
    rooms.elevatedRoles(subject.id),
    rooms.countryOf(request.remoteAddress),
    request.receivedAt,
  )
  return {
    id: rooms.newId(),
    transaction: rooms.newId(),
    subject,
    action: actions.exchangeToken,
    resource: arn.exchange(rooms.app),
    context: {
      ...facts,
      ...rooms.standingOf(subject),
      ...principalFacts(subject, request.receivedAt),
      [contextKeys.sourceZone]: 'internet',
      [contextKeys.sourceIp]: request.remoteAddress,
    },
    actors: [],
    ...(subject.kind === 'user' ? { user: subject } : {}),
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function refusalOf({ fault }: IngressRequest, { refused: why }: Subject): Reason | undefined {
  return fault ?? (why === undefined ? undefined : { code: why.code, layer: 'door', message: why.message })
}

function give(
  asked: Asked | undefined,
  grant: Grant,
  rooms: ExchangeRooms,
): Awaited<ReturnType<Gate<IngressRequest, IngressResponse>['pass']>> {
  const { id } = grant.decision
  if (asked === undefined || !rooms.isCurrent(grant)) {
    const response = jsonResponse(400, { error: 'invalid_grant', code: 'grant.ended', id })
    return { response, outcome: Promise.resolve({ outcome: 'aborted', detail: 'grant.ended', status: 400 }) }
  }
  const { subject, confirmation, granted } = asked
  const now = Math.floor(rooms.nowMs() / 1_000)
  const expiresAtSeconds = Math.min(now + maxLifetimeSeconds, asked.expiresAtSeconds)
  const token = rooms.tokens.mint({ subject, scopes: granted, confirmation, tokenId: rooms.newId(), expiresAtSeconds })
  const response = jsonResponse(200, {
    access_token: token,
    issued_token_type: exchangeWords.accessToken,
    token_type: 'jkt' in confirmation ? 'DPoP' : 'Bearer',
    expires_in: expiresAtSeconds - now,
    ...(granted.length === 0 ? {} : { scope: granted.join(' ') }),
  })
  return { response, outcome: Promise.resolve({ outcome: 'done', status: 200 }) }
}

/** RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9449 §5; with our own code, and the id that `sallyport why` takes. */
function refusalResponse(decision: Deny): IngressResponse {
  const [{ code, message }] = decision.reasons
  const [, error = 'invalid_grant'] = errors.find(([form]) => form.test(code)) ?? []
  const description = code.startsWith('policy.') ? 'The proof is good, and no rule lets it be exchanged.' : message
  return jsonResponse(400, { error, error_description: description, code, id: decision.id })
}

const errors: readonly (readonly [RegExp, string])[] = [
  [/^exchange\.grant_type$/, 'unsupported_grant_type'],
  [/^exchange\.audience$/, 'invalid_target'],
  [/^exchange\.scope$/, 'invalid_scope'],
  [/^exchange\.(?:form|token_type|actor|unbound)$|^request\./, 'invalid_request'],
  [/^dpop\.nonce_/, 'use_dpop_nonce'],
  [/^dpop\./, 'invalid_dpop_proof'],
  [/^exchange\.busy$|\.unavailable$/, 'temporarily_unavailable'],
]

function refused(code: string, message: string): Subject {
  return { ...anonymous, refused: { code, message } }
}
