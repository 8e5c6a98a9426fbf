import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:https'

import { Secret, TOTP } from 'otpauth'

import type { TestProvider } from './index.ts'

/** One answer, whole. */
export interface Answer {
  readonly status: number
  readonly location: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** Somebody with a cookie jar who may send whatever a test wants sent. */
export interface Visit {
  send(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Answer>
  /** Posts a form as a page of the provider would. */
  submit(path: string, fields: Readonly<Record<string, string>>): Promise<Answer>
  /** The path of the authorization request, for a browser to go to. */
  address(changes?: Readonly<Record<string, string>>): string
  /** Starts a sign-in and returns the path of its page. */
  start(changes?: Readonly<Record<string, string>>): Promise<string>
  /** Starts a sign-in and enters name and password, the user's own unless another is given. */
  enterPassword(
    user: string,
    password?: string,
    changes?: Readonly<Record<string, string>>,
  ): Promise<{ readonly path: string; readonly answer: Answer }>
  /** Signs in without second factor; the answer leads to the callback. */
  signInWithPassword(user: string): Promise<Answer>
  passwordOf(user: string): string
  /** The code of the user's second factor at this moment. */
  codeOf(user: string): string
  /** Follows an authorization address as a browser would and signs in; gives the address that leads back. */
  authorize(address: string, user: string): Promise<string>
  /** Exchanges the code of a callback. */
  exchange(location: string, changes?: Readonly<Record<string, string>>): Promise<Answer>
}

/** Tests only. */
export function openVisit(provider: TestProvider): Visit {
  const { hostname, host, port } = new URL(provider.issuerUrl)
  const cookies = new Map<string, string>()
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')

  const send: Visit['send'] = async (method, path, headers = {}, body) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const to = { method, path, hostname, port, ca: provider.caPem, servername: 'localhost', agent: false }
    request({ ...to, headers: { host, cookie, ...headers } }, (response) => {
      for (const line of response.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response
        resolve({ status: statusCode, location: answered.location ?? '', headers: answered, body: text })
      })
    })
      .on('error', reject)
      .end(body)
    return promise
  }

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const visit: Visit = {
    send,
    submit: (path, fields) =>
      send('POST', path, { ...form, origin: provider.issuerUrl }, new URLSearchParams(fields).toString()),
    passwordOf: (user) => provider.signIn[user]?.password ?? '',
    codeOf: (user) => new TOTP({ secret: Secret.fromBase32(provider.users.find(user)?.totpSecret ?? '') }).generate(),
    async enterPassword(user, password = visit.passwordOf(user), changes = {}) {
      const path = await visit.start(changes)
      return { path, answer: await visit.submit(`${path}/password`, { user, password, device_assertion: '' }) }
    },
    async signInWithPassword(user) {
      const { path } = await visit.enterPassword(user)
      return visit.submit(`${path}/without-second-factor`, {})
    },
    address(changes = {}) {
      const query = new URLSearchParams({
        client_id: 'sallyport-cli',
        response_type: 'code',
        redirect_uri: 'http://127.0.0.1:7777/callback',
        scope: 'openid call',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state: 's',
        ...changes,
      })
      return `/auth?${query.toString()}`
    },
    start: async (changes) => (await send('GET', visit.address(changes))).location,
    async authorize(address, user) {
      const { pathname, search } = new URL(address)
      const path = (await send('GET', pathname + search)).location
      await visit.submit(`${path}/password`, { user, password: visit.passwordOf(user), device_assertion: '' })
      const { location } = await visit.submit(`${path}/without-second-factor`, {})
      return (await send('GET', new URL(location, provider.issuerUrl).pathname)).location
    },
    async exchange(location, changes = {}) {
      // From the form's answer the way leads over the provider's own resume address to the client's callback.
      const isThere = location.startsWith('http://')
      const callback = isThere ? location : (await send('GET', new URL(location).pathname)).location
      const fields = {
        grant_type: 'authorization_code',
        client_id: 'sallyport-cli',
        code: new URL(callback).searchParams.get('code') ?? '',
        redirect_uri: 'http://127.0.0.1:7777/callback',
        code_verifier: verifier,
        ...changes,
      }
      return send('POST', '/token', { ...form, accept: 'application/json' }, new URLSearchParams(fields).toString())
    },
  }
  return visit
}
