import { anonymous, type Subject } from '@sallyport/core/access'
import { parseJwt, subjectOf, type Verifier } from '@sallyport/core/identity'

import type { Confirmation } from '../access-tokens.ts'
import type { Services } from '../services.ts'
import { type CallerIdentityRequest, readCallerIdentity, roleOf } from './caller-identity.ts'
import type { ExchangeForm, ProofType } from './form.ts'
import { verifyJwtSvid } from './jwt-svid.ts'

/** Whom a proof proves, and for how long it is good. */
export interface Proven {
  readonly subject: Subject
  readonly scopes: readonly string[]
  readonly expiresAtSeconds: number
  /** True for a proof that anybody could use who sees it: the first key it comes with is then the only one. */
  readonly isBearer: boolean
}

/** What proofs are judged by. */
export interface SubjectRooms {
  readonly app: string
  readonly audience: string
  readonly verifier: Verifier
  readonly services: Services
  /** STS host → where it is asked; of the services that are declared. */
  readonly awsEndpoints: ReadonlyMap<string, string>
  readonly askAws: (request: CallerIdentityRequest, endpoint: string) => Promise<Uint8Array | undefined>
  /** Zero when AWS may be asked once more now; each caller costs us a request. */
  readonly mayAskAws: () => boolean
  readonly nowMs: () => number
}

/** Whom the form, or the certificate beside it, proves. Never rejects for anything that a caller can send. */
export async function prove(
  form: Exclude<ExchangeForm, { kind: 'refused' }>,
  confirmation: Confirmation,
  certificates: readonly Uint8Array[] | undefined,
  rooms: SubjectRooms,
): Promise<Proven | Subject> {
  if (form.kind === 'certificate') return proveByCertificate(certificates, rooms)
  if (form.tokenType === 'aws-caller-identity') return proveByAws(form.token, confirmation, rooms)
  if (form.tokenType === 'jwt' && namesWorkload(form.token)) return proveByJwtSvid(form.token, rooms)
  return proveByToken(form.token, form.tokenType, confirmation, rooms)
}

function namesWorkload(token: string): boolean {
  const jwt = parseJwt(token)
  const subject = jwt.kind === 'parsed' ? jwt.claims['sub'] : undefined
  return typeof subject === 'string' && subject.startsWith('spiffe://')
}

function proveByCertificate(
  certificates: readonly Uint8Array[] | undefined,
  { services }: SubjectRooms,
): Proven | Subject {
  const subject = certificates === undefined ? undefined : services.byCertificate(certificates)
  if (subject === undefined) return refused('exchange.certificate', 'No SVID was shown in the TLS handshake.')
  return provenService(subject, false)
}

async function proveByJwtSvid(token: string, { audience, services, nowMs }: SubjectRooms): Promise<Proven | Subject> {
  const verdict = await verifyJwtSvid(token, audience, services.jwtKeysOf, Math.floor(nowMs() / 1_000))
  if (verdict.kind === 'refused') return refused(verdict.code, 'The JWT-SVID does not hold here.')
  const { id, keyId, issuedAtSeconds, expiresAtSeconds } = verdict
  const proof = { keyId, issuedAtSeconds, expiresAtSeconds, boundTo: [], binding: 'none' } as const
  return provenService(services.bySpiffeId(id.text, proof), true)
}

async function proveByAws(
  token: string,
  confirmation: Confirmation,
  { audience, services, awsEndpoints, askAws, mayAskAws, nowMs }: SubjectRooms,
): Promise<Proven | Subject> {
  const nowSeconds = Math.floor(nowMs() / 1_000)
  const request = readCallerIdentity(token, {
    audience,
    confirmation: Object.values(confirmation).join(),
    hosts: new Set(awsEndpoints.keys()),
    nowSeconds,
  })
  if (request.kind === 'refused')
    return refused(request.code, 'The signed request does not have the form it must have.')
  const endpoint = awsEndpoints.get(request.host)
  if (endpoint === undefined || !mayAskAws()) return refused('exchange.busy', 'AWS is asked too often; try again.')
  const answer = await askAws(request, endpoint).catch(() => 'unavailable' as const)
  if (answer === 'unavailable') return refused('caller-identity.unavailable', 'AWS could not be asked; try again.')
  const role = answer === undefined ? undefined : roleOf(answer)
  if (role === undefined) return refused('caller-identity.refused', 'AWS does not say that this is a role.')
  // AWS said so just now; a key of ours did not sign it.
  const proof = { keyId: role, issuedAtSeconds: nowSeconds, boundTo: [], binding: 'none' } as const
  return provenService(services.byAwsRole(role, { ...proof, expiresAtSeconds: nowSeconds + awsAnswerSeconds }), false)
}

/** How long AWS's word is taken for true. */
const awsAnswerSeconds = 300

function provenService(subject: Subject, isBearer: boolean): Proven | Subject {
  if (subject.refused !== undefined) return subject
  return { subject, scopes: [], expiresAtSeconds: subject.authentication?.expiresAtSeconds ?? 0, isBearer }
}

/** A token of an issuer that the manifest names. What it is bound to stays what the new one is bound to. */
async function proveByToken(
  token: string,
  said: ProofType,
  confirmation: Confirmation,
  { app, verifier }: SubjectRooms,
): Promise<Proven | Subject> {
  const verified = await verifier.verify(token)
  if (verified.kind === 'refused') return refused(verified.code, verified.message)
  // RFC 9068 §2.1: what says that it is an access token is no statement about a sign-in.
  if (said === 'id_token' && verified.type?.endsWith('at+jwt') === true) {
    return refused('exchange.token_type', 'The token is an access token, not an ID token.')
  }
  if (verified.issuer.kind === 'sts') return refused('exchange.own_token', 'An exchanged token is not exchanged again.')
  const { keyThumbprint, certificateThumbprint } = verified.binding
  const [proved] = Object.values(confirmation)
  for (const bound of [keyThumbprint, certificateThumbprint]) {
    if (bound !== undefined && bound !== proved) {
      return refused('exchange.other_key', 'The token is bound to another key than the one that was proved.')
    }
  }
  const isBearer = keyThumbprint === undefined && certificateThumbprint === undefined
  const { scopes, expiresAtSeconds } = verified
  return { subject: subjectOf(verified, app), scopes, expiresAtSeconds, isBearer }
}

function refused(code: string, message: string): Subject {
  return { ...anonymous, refused: { code, message } }
}
