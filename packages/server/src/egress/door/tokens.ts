import { createHash } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'
import { isObject, parseStrictObject } from '@sallyport/core/json'
import type { Door } from '@sallyport/manifest'

import { wholeAnswer } from './returned.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { Ending } from '../ending.ts'

type Oauth = NonNullable<Door['add']['oauth']>

/** Access tokens by OAuth 2.0 client credentials (RFC 6749 §4.4), kept until shortly before they expire. */
export interface Tokens {
  /** Rejects with `upstream.token_refused` when the issuer gives none, and as an upstream does when it is not there. */
  take(request: TokenRequest): Promise<string>
  /** Forgets a token that an upstream did not accept; the next call asks for another. */
  drop(token: string): void
}

/** Whose token, with its secrets filled in. */
export interface TokenRequest {
  readonly door: string
  readonly oauth: Oauth
  readonly client: string
  readonly secret: string
  readonly timeoutMs: number
  readonly signal: Ending
}

const maxTokens = 1_000
const maxAnswerBytes = 64 * 1024
/** A token that ends while it is on its way is none. */
const marginMs = 30_000
/** RFC 6749 §5.1 recommends `expires_in`; where it is absent, a token is kept this long. */
const unstatedMs = 60_000

/** `clock` in milliseconds since the epoch. */
export function createTokens(upstreams: Upstreams, clock: () => number): Tokens {
  const kept = new Map<string, { readonly token: Promise<string>; readonly value?: string; readonly endsAt: number }>()

  async function fetchToken(key: string, request: TokenRequest): Promise<string> {
    const { oauth, client, secret } = request
    const { origin, pathname } = new URL(oauth.token)
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (oauth.scope !== undefined) form.set('scope', oauth.scope)
    if (oauth.audience !== undefined) form.set('audience', oauth.audience)
    // RFC 6749 §2.3.1: both are form-encoded before they become Basic.
    const basic = Buffer.from(`${encodeForm(client)}:${encodeForm(secret)}`).toString('base64')
    const answer = await upstreams.call({
      pool: `oauth ${request.door}`,
      origin,
      privateUpstream: oauth.privateToken,
      method: 'POST',
      target: pathname,
      headers: [
        ['authorization', `Basic ${basic}`],
        ['content-type', 'application/x-www-form-urlencoded'],
        ['accept', 'application/json'],
      ],
      body: Buffer.from(form.toString()),
      timeoutMs: request.timeoutMs,
      signal: request.signal,
    })
    const body = await wholeAnswer(answer.body, { maxBytes: maxAnswerBytes, reserve: () => true }, parseStrictObject)
    const token = body?.['access_token']
    const type = body?.['token_type']
    const usable = typeof token === 'string' && /^[\x21-\x7e]{1,8192}$/.test(token)
    if (answer.status !== 200 || !isObject(body) || !usable || String(type).toLowerCase() !== 'bearer') {
      throw new SallyportError('upstream.token_refused', `${origin} gave no access token (${answer.status})`)
    }
    const seconds = Number(body['expires_in'])
    const lifetimeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : unstatedMs
    const keptMs = Math.max(lifetimeMs - marginMs, lifetimeMs / 2)
    kept.set(key, { token: Promise.resolve(token), value: token, endsAt: clock() + keptMs })
    return token
  }

  return {
    take: (request) => {
      const { oauth, client, secret, door } = request
      const key = createHash('sha256')
        .update(JSON.stringify([door, oauth.token, oauth.scope, oauth.audience, client, secret]))
        .digest('hex')
      const known = kept.get(key)
      if (known !== undefined && known.endsAt > clock()) return known.token
      const token = fetchToken(key, request)
      // Those who come meanwhile wait for the same one. A failure is nobody's but theirs.
      kept.set(key, { token, endsAt: clock() + request.timeoutMs })
      token.catch(() => kept.delete(key))
      const oldest = kept.keys().next().value
      if (kept.size > maxTokens && oldest !== undefined) kept.delete(oldest)
      return token
    },
    drop: (token) => {
      for (const [key, { value }] of kept) if (value === token) kept.delete(key)
    },
  }
}

function encodeForm(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
