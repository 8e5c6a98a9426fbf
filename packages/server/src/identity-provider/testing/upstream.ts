import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Secret } from '@sallyport/core/access'
import type { Upstream } from '@sallyport/manifest'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

import type { UpstreamOptions } from '../upstream/upstreams.ts'

/** What a test makes an upstream say otherwise than an honest one would. */
export interface Forgery {
  readonly claims?: JWTPayload
  /** Signs the ID token in place of the upstream's own key. */
  readonly key?: CryptoKey
  /** Parameters of the answer; undefined takes one away. */
  readonly answer?: Readonly<Record<string, string | undefined>>
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** An OpenID provider that knows everybody, and says what it is told to say. Tests only. */
export interface FakeUpstream {
  readonly declared: Upstream
  /** From now on; each call replaces what was said before. */
  forge(forgery: Forgery): void
  /** What its authorization endpoint answers to this address when the person has signed in as `subject`. */
  answer(address: string, subject: string): string
  close(): Promise<void>
}

/** Starts one on a free port. Codes work once, and for who knows the verifier (RFC 7636). */
export async function startFakeUpstream(name: string, mfa: Upstream['mfa']): Promise<FakeUpstream> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: name, alg: 'ES256', use: 'sig' }
  const codes = new Map<string, { readonly query: URLSearchParams; readonly subject: string }>()
  let forged: Forgery = {}

  async function token(form: URLSearchParams): Promise<object> {
    const code = form.get('code') ?? ''
    const asked = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (asked?.query.get('code_challenge') !== challenge) return { error: 'invalid_grant' }
    const now = Math.floor(Date.now() / 1_000)
    const claims = {
      iss: issuer,
      sub: asked.subject,
      aud: 'checkout',
      nonce: asked.query.get('nonce') ?? '',
      iat: now,
      exp: now + 60,
      ...forged.claims,
    }
    const signed = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: name })
    return { access_token: 'a', token_type: 'Bearer', id_token: await signed.sign(forged.key ?? privateKey) }
  }

  const server = createServer((request, response) => {
    const say = (body: object): void => {
      response.writeHead('error' in body ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (request.url === '/keys') return say({ keys: [jwk] })
    if (request.url !== '/token') return say({ ...metadata, ...forged.metadata })
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => void token(new URLSearchParams(body)).then(say))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  }
  return {
    declared: { name, issuer, client: 'checkout', secret: `${name}-secret`, scopes: ['openid', 'profile'], mfa },
    forge: (forgery) => (forged = forgery),
    answer(address, subject) {
      const { searchParams: query } = new URL(address)
      const code = randomBytes(16).toString('hex')
      codes.set(code, { query, subject })
      const back = new URL(query.get('redirect_uri') ?? '')
      const said = { code, state: query.get('state') ?? '', iss: issuer, ...forged.answer }
      for (const [key, value] of Object.entries(said)) if (value !== undefined) back.searchParams.set(key, value)
      return back.href
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Asks upstreams on this machine, with a secret for each. Tests only. */
export function askingThese(declared: () => readonly Upstream[]): UpstreamOptions {
  return {
    declared,
    useSecret: (name) => new Secret(`the value of ${name}`),
    fetch: (address, { body, ...request }) => fetch(address, body === undefined ? request : { ...request, body }),
  }
}
