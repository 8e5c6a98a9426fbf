import type { CryptoKey } from 'jose'
import { SallyportError } from '@sallyport/core/access'
import { stringList } from '@sallyport/core/json'

import { encodeBase64url } from '../encoding/base64url.ts'
import type { KeySource } from '../issuer/issuer.ts'
import { verifyJws } from '../keys/key-record.ts'
import { createKeySet } from '../keys/key-set.ts'
import { isNumericDate } from '../lifetime.ts'
import { type ParsedJwt, parseJwt } from '../token/parse-jwt.ts'
import type { SeenOnce } from '../seen-once.ts'
import { maxTicketLifetimeSeconds, type TicketClaims, type TicketRefusalCode, type TicketVerdict } from './ticket.ts'

/** Who signs tickets that leave the node: its trust domain's address, and its Ed25519 key. */
export interface TicketSigner {
  /** What `iss` says; the far side knows the keys of this one alone. */
  readonly issuer: string
  readonly keyId: string
  readonly privateKey: CryptoKey
}

/**
 * A memory of used tickets that may lie elsewhere. Contract as `SeenOnce`'s; it may reject, and the ticket is then
 * refused. `shared` is true when every instance of the function asks the same memory: only then is a ticket good once,
 * otherwise once per instance. One conditional write does it: `attribute_not_exists(id)` with a time to live.
 */
export interface UsedTickets {
  readonly shared: boolean
  use(
    id: string,
    expiresAtSeconds: number,
    nowSeconds: number,
  ): ReturnType<SeenOnce['use']> | Promise<ReturnType<SeenOnce['use']>>
}

/** What the far side knows by itself. */
export interface TicketVerifierOptions {
  readonly issuer: string
  /** The node's public keys: its JWKS, or how to fetch it. */
  readonly keys: KeySource
  /** ARN of this function. */
  readonly audience: string
  /** SHA-256 of the code that was deployed, hex. */
  readonly codeDigest: string
  readonly used: UsedTickets
  readonly nowSeconds: () => number
}

/** Verifies tickets on the far side. */
export interface TicketVerifier {
  /** `hard`: each ticket is good once. `cooperative`: once in each instance of the function. */
  readonly oneUse: 'hard' | 'cooperative'
  /** Never rejects. A request without a ticket is refused with `ticket.missing`. */
  verify(ticket: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<TicketVerdict>
}

const ticketType = 'sallyport-ticket+jwt'
const clockSkewSeconds = 5

/** Makes a ticket that anybody can check who has the node's public key. Throws `identity.ticket` for a longer life. */
export async function signTicket({ issuer, keyId, privateKey }: TicketSigner, claims: TicketClaims): Promise<string> {
  const { audience, codeDigest, bodySha256, actors, transaction, attempt, decision, user } = claims
  const { issuedAtSeconds: iat, expiresAtSeconds: exp } = claims
  if (!(exp > iat && exp - iat <= maxTicketLifetimeSeconds)) {
    throw new SallyportError('identity.ticket', 'a ticket lives for at most 60 seconds')
  }
  const part = (value: object): string => encodeBase64url(new TextEncoder().encode(JSON.stringify(value)))
  const said = { iss: issuer, aud: audience, jti: attempt, iat, exp, ...(user === undefined ? {} : { sub: user }) }
  const bound = { code_sha256: codeDigest, body_sha256: bodySha256, actors, txn: transaction, decision }
  const signed = `${part({ alg: 'EdDSA', typ: ticketType, kid: keyId })}.${part({ ...said, ...bound })}`
  const signature = await crypto.subtle.sign({ name: 'Ed25519' }, privateKey, new TextEncoder().encode(signed))
  return `${signed}.${encodeBase64url(new Uint8Array(signature))}`
}

/**
 * The far side's whole duty, in five lines:
 *
 *     const tickets = createTicketVerifier({ issuer, keys, audience, codeDigest, used, nowSeconds })
 *     export async function handler(event) {
 *       const verdict = await tickets.verify(event.headers['sallyport-ticket'], bodyBytes(event))
 *       if (verdict.kind === 'refused') return { statusCode: 401, body: verdict.code }
 *       return serve(event, verdict.claims)
 *
 * Adversary: who reaches the function beside the node, with a ticket of another call or of none.
 */
export function createTicketVerifier(options: TicketVerifierOptions): TicketVerifier {
  const { issuer, audience, codeDigest, used, nowSeconds } = options
  const keys = createKeySet({ source: options.keys, nowSeconds })

  async function verify(ticket: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<TicketVerdict> {
    if (ticket === undefined) return refuse('ticket.missing')
    const jwt = parseJwt(ticket)
    if (jwt.kind === 'refused' || jwt.type !== ticketType) return refuse('ticket.malformed')
    if (jwt.claims['iss'] !== issuer || jwt.keyId === undefined) return refuse('ticket.issuer')
    const record = await keys.find(jwt.keyId)
    if ('kind' in record) {
      return refuse(record.code === 'token.keys_unavailable' ? 'ticket.keys_unavailable' : 'ticket.issuer')
    }
    if ((await verifyJws(jwt, record)) !== undefined) return refuse('ticket.signature')
    const claims = readSignedClaims(jwt)
    if (claims === undefined) return refuse('ticket.malformed')
    const now = nowSeconds()
    if (now >= claims.expiresAtSeconds) return refuse('ticket.expired')
    if (now < claims.issuedAtSeconds - clockSkewSeconds) return refuse('ticket.not_yet_valid')
    if (claims.audience !== audience) return refuse('ticket.audience')
    if (claims.codeDigest !== codeDigest) return refuse('ticket.code')
    if (claims.bodySha256 !== (await sha256Hex(body))) return refuse('ticket.body')
    return useUp(claims, now)
  }

  async function useUp(claims: TicketClaims, now: number): Promise<TicketVerdict> {
    try {
      const use = await used.use(claims.attempt, claims.expiresAtSeconds, now)
      if (use === 'full') return refuse('ticket.replay_memory_full')
      return use === 'first' ? { kind: 'accepted', claims } : refuse('ticket.replayed')
    } catch {
      return refuse('ticket.replay_memory_full') // a memory that cannot be asked remembers nothing
    }
  }

  return { oneUse: used.shared ? 'hard' : 'cooperative', verify }
}

function readSignedClaims({ claims }: ParsedJwt): TicketClaims | undefined {
  const { aud, jti, iat, exp, sub, code_sha256, body_sha256, txn, decision } = claims
  const actors = stringList(claims['actors'])
  if (!isText(aud) || !isText(jti) || !isText(code_sha256) || !isText(body_sha256)) return undefined
  if (!isText(txn) || !isText(decision) || actors === undefined) return undefined
  if (!isNumericDate(iat) || !isNumericDate(exp) || exp <= iat || exp - iat > maxTicketLifetimeSeconds) return undefined
  if (sub !== undefined && !isText(sub)) return undefined
  return {
    audience: aud,
    codeDigest: code_sha256,
    bodySha256: body_sha256,
    actors,
    transaction: txn,
    attempt: jti,
    decision,
    ...(sub === undefined ? {} : { user: sub }),
    issuedAtSeconds: iat,
    expiresAtSeconds: exp,
  }
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 2048
}

function refuse(code: TicketRefusalCode): TicketVerdict {
  return { kind: 'refused', code }
}
