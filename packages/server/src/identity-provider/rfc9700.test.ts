import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { startTestProvider, type TestProvider } from './testing/index.ts'
import { openVisit, type Visit } from './testing/visitor.ts'

// What RFC 9700 advises an authorization server, section by section, each with the request that it warns of. What it
// advises a resource server stands in core/identity (rfc8725.test.ts) and in the list of `sallyport attack`.

let provider: TestProvider
let visitor: Visit

beforeAll(async () => {
  provider = await startTestProvider({})
})
afterAll(() => provider.close())
beforeEach(() => {
  visitor = openVisit(provider)
})

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
const asks = (fields: Record<string, string>): ReturnType<Visit['send']> =>
  visitor.send('POST', '/token', form, new URLSearchParams({ client_id: 'sallyport-cli', ...fields }).toString())

describe('§2.1, §4.1.3: a redirect goes to the very address that was registered', () => {
  test('which is the control: with it a sign-in begins', async () => {
    expect(await visitor.start()).toMatch(/^\/interaction\//)
  })

  for (const uri of [
    'https://127.0.0.1:7777/callback',
    'http://127.0.0.1:7777/callback/',
    'http://127.0.0.1:7777/callback/../evil',
    'http://127.0.0.1:7777/Callback',
    'http://127.0.0.1:7777/callback%2f',
    'http://127.0.0.1:7777/callback?next=https://evil.example',
    'http://127.0.0.1:7777/callback#fragment',
    'http://evil@127.0.0.1:7777/callback',
    'http://127.0.0.1:7777@evil.example/callback',
    'http://localhost:7777/callback',
    'http://127.0.0.2:7777/callback',
    'http://[::1]:7777/callback',
    '//127.0.0.1:7777/callback',
    'javascript:alert(1)',
    '',
  ]) {
    test(`${uri === '' ? 'none' : uri} is none, and nobody is sent there with the news`, async () => {
      expect(await visitor.start({ redirect_uri: uri })).toBe('')
    })
  }
})

describe('§2.1.2: nothing but a code comes back by the browser', () => {
  for (const type of [
    'token',
    'id_token',
    'id_token token',
    'code token',
    'code id_token',
    'code id_token token',
    'none',
  ]) {
    test(`response_type=${type} is refused`, async () => {
      expect(await visitor.start({ response_type: type })).toMatch(
        /error=(?:unsupported_response_type|invalid_request)/,
      )
    })
  }

  test('no token stands in an address: the answer has a code, the state and the issuer, in the query', async () => {
    const { location } = await visitor.signInWithPassword('alice')
    const back = new URL((await visitor.send('GET', new URL(location).pathname)).location)
    expect([...back.searchParams.keys()].toSorted()).toEqual(['code', 'iss', 'state'])
    expect(back.hash).toBe('')
  })
})

describe('§2.1.1, §4.8: a code belongs to whoever asked for it', () => {
  for (const [what, changes] of [
    ['without a challenge', { code_challenge: '', code_challenge_method: '' }],
    ['with a challenge and no method, which means plain', { code_challenge_method: '' }],
    ['by the plain method', { code_challenge_method: 'plain' }],
    ['by a method that nobody knows', { code_challenge_method: 's256' }],
    ['with a challenge that is none', { code_challenge: 'short' }],
  ] as const) {
    test(`none is given ${what}`, async () => {
      expect(await visitor.start(changes)).toMatch(/error=invalid_request/)
    })
  }
})

test('§4.5, §4.8.2: a code is good for whoever began, where it was sent, and for nobody else', async () => {
  const { location } = await visitor.signInWithPassword('alice')
  const back = (await visitor.send('GET', new URL(location).pathname)).location
  const challenge = new URL(visitor.address(), provider.issuerUrl).searchParams.get('code_challenge') ?? ''
  for (const [what, changes] of [
    ['without the verifier', { code_verifier: '' }],
    ['with another verifier', { code_verifier: 'v'.repeat(43) }],
    ['with what everybody saw, the challenge', { code_verifier: challenge }],
    ['for another client', { client_id: 'other' }],
    ['for another address', { redirect_uri: 'http://127.0.0.1:7778/callback' }],
    ['without the address', { redirect_uri: '' }],
  ] as const) {
    const { status, body } = await visitor.exchange(back, changes)
    expect([what, status >= 400, JSON.parse(body)]).toEqual([what, true, expect.objectContaining({ error: anError })])
  }
  expect((await visitor.exchange(back)).body, 'the control').toContain('access_token')
})

const anError: unknown = expect.stringMatching(/^invalid_(?:grant|client|request)$/)

test('§4.7: a sign-in belongs to the browser in which it began', async () => {
  const path = await visitor.start()
  const other = openVisit(provider)
  const fields = { user: 'alice', password: other.passwordOf('alice'), device_assertion: '' }
  const answer = await other.submit(`${path}/password`, fields)
  expect([answer.status, answer.location]).toEqual([expect.any(Number), ''])
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect((await visitor.submit(`${path}/password`, fields)).status, 'the control: where it began it goes on').toBe(303)
})

describe('§2.1, RFC 9101: what is asked stands in the request, and nothing is fetched for it', () => {
  for (const [what, changes] of [
    ['an address to fetch it from', { request_uri: 'https://evil.example/request.jwt' }],
    ['a signed request that nobody registered', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
    ['an answer by script', { response_mode: 'web_message' }],
    ['another resource', { resource: 'https://evil.example' }],
  ] as const) {
    test(`${what} is refused`, async () => {
      const answer = await visitor.start(changes)
      expect(answer).not.toMatch(/^\/interaction\//)
      expect(answer).not.toContain('code=')
    })
  }
})

describe('§4.13: what a proxy in front might have said is not believed', () => {
  const stated = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '203.0.113.7',
    forwarded: 'host=evil.example;proto=http',
    'x-original-url': '/request',
    'x-ssl-client-cert': 'MIIB',
  }

  test('the metadata name us, whoever asks in whatever words', async () => {
    const path = '/.well-known/openid-configuration'
    expect((await visitor.send('GET', path, stated)).body).toBe((await visitor.send('GET', path)).body)
    expect((await visitor.send('GET', path, { host: 'evil.example' })).status).toBe(421)
  })

  test('nor does a redirect lead to what they say', async () => {
    const { location } = await visitor.send('GET', visitor.address(), stated)
    expect(new URL(location, provider.issuerUrl).origin).toBe(provider.issuerUrl)
  })
})

test('§2.6, RFC 6749 §3.2: no other page reads the token endpoint, and no address asks it', async () => {
  const foreign = { ...form, origin: 'https://evil.example' }
  const body = 'client_id=sallyport-cli&grant_type=refresh_token&refresh_token=x'
  const answer = await visitor.send('POST', '/token', foreign, body)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect((await visitor.send('GET', `/token?${body}`)).status).toBeGreaterThanOrEqual(400)
})

test('§4.14: a refresh token widens nothing, is no other client’s, and is another after each use', async () => {
  const wanted = { scope: 'openid offline_access call', prompt: 'consent' }
  const { path } = await visitor.enterPassword('alice', visitor.passwordOf('alice'), wanted)
  const { location } = await visitor.submit(`${path}/without-second-factor`, {})
  const back = (await visitor.send('GET', new URL(location).pathname)).location
  const tokenIn = (body: string): string => (JSON.parse(body) as { refresh_token: string }).refresh_token
  const refreshed = (token: string, more: Record<string, string> = {}): ReturnType<Visit['send']> =>
    asks({ grant_type: 'refresh_token', refresh_token: token, ...more })

  const first = tokenIn((await visitor.exchange(back)).body)
  expect((await refreshed(first, { scope: 'openid offline_access call refund' })).body).toContain('invalid_scope')
  expect((await refreshed(first, { client_id: 'other' })).body).toContain('invalid_client')
  const second = tokenIn((await refreshed(first)).body)
  expect(second).not.toBe(first)
  expect((await refreshed(first)).body, 'used already').toContain('invalid_grant')
  expect((await refreshed(second)).body, 'and so all of it ends').toContain('invalid_grant')
})

test('§4.4.2.1: an answer names its issuer, an error too, so that no other one can be taken for it', async () => {
  const { location } = await visitor.signInWithPassword('alice')
  const back = new URL((await visitor.send('GET', new URL(location).pathname)).location)
  expect(back.searchParams.get('iss')).toBe(provider.issuerUrl)
  const refused = new URL(await visitor.start({ prompt: 'none' }))
  expect([refused.searchParams.get('iss'), refused.searchParams.get('state')]).toEqual([provider.issuerUrl, 's'])
})

test('§4.5, RFC 6749 §4.1.2: a code that is used again ends what came of it', async () => {
  const wanted = { scope: 'openid offline_access call', prompt: 'consent' }
  const { path } = await visitor.enterPassword('alice', visitor.passwordOf('alice'), wanted)
  const { location } = await visitor.submit(`${path}/without-second-factor`, {})
  const callback = (await visitor.send('GET', new URL(location).pathname)).location
  const { refresh_token: refresh } = JSON.parse((await visitor.exchange(callback)).body) as { refresh_token: string }
  expect(refresh).toEqual(expect.any(String))
  expect((await visitor.exchange(callback)).body).toMatch(/invalid_grant/)
  const again = await asks({ grant_type: 'refresh_token', refresh_token: refresh })
  expect([again.status, again.body]).toEqual([400, expect.stringContaining('invalid_grant')])
})

describe('§2.4, §2.1.2: no grant but those that keep a password with its owner', () => {
  for (const grant of ['password', 'implicit', 'client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer']) {
    test(`grant_type=${grant} is refused`, async () => {
      const { status, body } = await asks({ grant_type: grant, username: 'alice', password: 'p', assertion: 'a' })
      expect([status, /unsupported_grant_type|unauthorized_client|not allowed for this client/.test(body)]).toEqual([
        400,
        true,
      ])
    })
  }
})

describe('§4.11: the provider is no way to send people elsewhere', () => {
  for (const query of [
    'post_logout_redirect_uri=https://evil.example/',
    'client_id=sallyport-cli&post_logout_redirect_uri=https://evil.example/',
    'id_token_hint=e30.e30.e30&post_logout_redirect_uri=https://evil.example/',
  ]) {
    test(`at the end of a session: ?${query}`, async () => {
      const answer = await visitor.send('GET', `/session/end?${query}`)
      expect(answer.location).not.toContain('evil.example')
      expect(answer.body).not.toContain('evil.example')
    })
  }

  test('nor before the client is known', async () => {
    expect(await visitor.start({ client_id: 'other', redirect_uri: 'https://evil.example/' })).toBe('')
  })
})

test('§4.12: what was typed is never sent on: a form is answered by 303', async () => {
  const { answer } = await visitor.enterPassword('alice')
  expect(answer.status).toBe(303)
})

test('§4.2.4, §4.16: no page tells others its address, stands in a frame, or stays in a cache', async () => {
  const { headers } = await visitor.send('GET', await visitor.start())
  expect(headers['referrer-policy']).toMatch(/^(?:no-referrer|same-origin)$/)
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(headers['cache-control']).toContain('no-store')
})

test('§2.6: the metadata say what is so, and no more', async () => {
  const metadata = JSON.parse((await visitor.send('GET', '/.well-known/openid-configuration')).body) as object
  expect(metadata).toMatchObject({
    issuer: provider.issuerUrl,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  })
  expect(Reflect.get(metadata, 'grant_types_supported')).not.toContain('password')
  expect(Reflect.get(metadata, 'registration_endpoint')).toBeUndefined()
})
