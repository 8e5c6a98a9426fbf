import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'

import { type AcmeAnswer, acmeRequest } from './acme-request.ts'

/** Who asks which authority, and how it is reached. */
export interface AcmeAccount {
  /** Address of the directory (RFC 8555 §7.1.1). */
  readonly directory: string
  /** P-256; the account is whoever holds it. */
  readonly accountKey: KeyObject
  /** PEM of who vouches for the authority's own server; the runtime's roots unless said. */
  readonly caPem?: string
  readonly signal: AbortSignal
}

/** What is asked for. */
export interface AcmeOrder {
  readonly names: readonly string[]
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  /** Lets `/.well-known/acme-challenge/TOKEN` answer with this text until the order is done (§8.3). */
  readonly publish: (token: string, text: string) => void
}

const pollMs = 1_000
const maxRetries = 10

/**
 * Orders one certificate by HTTP-01 (RFC 8555 §7.4, §8.3); resolves with its chain, PEM. Rejects with `acme.refused`,
 * with the authority's own words, or `acme.unavailable`. Terms of service are agreed to: whoever names a directory has
 * read them.
 */
export async function orderCertificate(account: AcmeAccount, order: AcmeOrder): Promise<string> {
  const { accountKey, directory, signal } = account
  const { kty, crv, x, y } = createPublicKey(accountKey).export({ format: 'jwk' })
  const jwk = { crv, kty, x, y }
  const thumbprint = hash('sha256', JSON.stringify(jwk), 'base64url') // RFC 7638 §3
  const places = readPlaces(await send(account, 'GET', directory))
  let nonce: string | undefined
  let known: string | undefined

  /** A signed request (§6.2); no payload reads (§6.3). A nonce that was refused is asked for anew (§6.5). */
  async function post(url: string, payload?: object): Promise<AcmeAnswer> {
    for (let attempt = 1; ; attempt++) {
      nonce ??= (await send(account, 'HEAD', places.newNonce)).nonce
      const who = known === undefined ? { jwk } : { kid: known }
      const protectedPart = encode(JSON.stringify({ alg: 'ES256', nonce, url, ...who }))
      const payloadPart = payload === undefined ? '' : encode(JSON.stringify(payload))
      const signed = Buffer.from(`${protectedPart}.${payloadPart}`)
      const signature = sign('sha256', signed, { key: accountKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
      const body = JSON.stringify({ protected: protectedPart, payload: payloadPart, signature })
      const answer = await send(account, 'POST', url, body)
      nonce = answer.nonce
      if (answer.status < 400) return answer
      if (answer.json['type'] !== 'urn:ietf:params:acme:error:badNonce' || attempt >= maxRetries) throw refused(answer)
    }
  }

  /** Reads until it is in one of the states wanted; `invalid` is the authority's no. */
  async function until(url: string, wanted: readonly string[]): Promise<AcmeAnswer> {
    for (;;) {
      const answer = await post(url)
      const { status } = answer.json
      if (typeof status === 'string' && wanted.includes(status)) return answer
      if (status === 'invalid') throw refused(answer)
      await pause(Math.max(pollMs, answer.retryAfterMs), signal)
    }
  }

  known = locationOf(await post(places.newAccount, { termsOfServiceAgreed: true }))
  const made = await post(places.newOrder, { identifiers: order.names.map((value) => ({ type: 'dns', value })) })
  const orderUrl = locationOf(made)
  for (const authorization of textsIn(made.json['authorizations'])) {
    const { json } = await post(authorization)
    if (json['status'] === 'valid') continue
    const { url, token } = httpChallengeIn(json)
    order.publish(token, `${token}.${thumbprint}`)
    await post(url, {})
    await until(authorization, ['valid'])
  }
  const ready = await until(orderUrl, ['ready', 'valid'])
  await post(textIn(ready.json['finalize'], 'finalize'), { csr: Buffer.from(order.request).toString('base64url') })
  const done = await until(orderUrl, ['valid'])
  return (await post(textIn(done.json['certificate'], 'certificate'))).text
}

async function send(
  { caPem, signal }: AcmeAccount,
  method: 'GET' | 'HEAD' | 'POST',
  url: string,
  body?: string,
): Promise<AcmeAnswer> {
  return acmeRequest(url, { method, signal, ...(caPem === undefined ? {} : { caPem }), ...(body && { body }) })
}

function readPlaces({ status, json }: AcmeAnswer): Record<'newNonce' | 'newAccount' | 'newOrder', string> {
  if (status !== 200) throw unreadable('its directory')
  const at = (name: string): string => textIn(json[name], name)
  return { newNonce: at('newNonce'), newAccount: at('newAccount'), newOrder: at('newOrder') }
}

/** Adversary: an authority that would have us answer for more than a token is (§8: base64url, nothing else). */
function httpChallengeIn(authorization: Readonly<Record<string, unknown>>): { url: string; token: string } {
  const challenges: readonly unknown[] = Array.isArray(authorization['challenges']) ? authorization['challenges'] : []
  for (const one of challenges) {
    if (typeof one !== 'object' || one === null || !('type' in one) || one.type !== 'http-01') continue
    const token = 'token' in one ? one.token : undefined
    if (typeof token === 'string' && /^[A-Za-z0-9_-]{1,256}$/.test(token)) {
      return { token, url: textIn('url' in one ? one.url : undefined, 'url') }
    }
  }
  throw unreadable('a challenge of the kind http-01')
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((one) => textIn(one, 'authorization')) : []
}

function textIn(value: unknown, what: string): string {
  if (typeof value !== 'string') throw unreadable(what)
  return value
}

function locationOf({ location }: AcmeAnswer): string {
  return textIn(location, 'Location')
}

function unreadable(what: string): SallyportError {
  return new SallyportError('acme.unavailable', `The certificate authority did not give ${what}.`)
}

/** RFC 8555 §6.7: a problem document, or an object that holds one of what went wrong within. */
function refused({ status, json }: AcmeAnswer): SallyportError {
  const challenges: readonly unknown[] = Array.isArray(json['challenges']) ? json['challenges'] : []
  const problems = [json, json['error'], ...challenges.map((one) => Reflect.get(Object(one), 'error'))]
  const detail = problems.map((one) => Reflect.get(Object(one), 'detail')).find((text) => typeof text === 'string')
  const words = typeof detail === 'string' ? detail.slice(0, 500) : `status ${status}`
  return new SallyportError('acme.refused', `The certificate authority refuses: ${words}`)
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new SallyportError('acme.unavailable', 'The certificate authority took too long.'))
    if (signal.aborted) return gone()
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', ended)
      resolve()
    }, ms)
    const ended = (): void => {
      clearTimeout(timer)
      gone()
    }
    signal.addEventListener('abort', ended, { once: true })
  })
}
