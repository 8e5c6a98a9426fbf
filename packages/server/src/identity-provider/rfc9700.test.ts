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
