import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'

import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { SignInEvent } from './ports.ts'
import { noUpstreams, startTestProvider, type TestProvider } from './testing/index.ts'
import { type Answer, openVisit, type Visit } from './testing/visitor.ts'

let provider: TestProvider
let visitor: Visit
let report: (event: SignInEvent) => void = () => undefined

beforeAll(async () => {
  provider = await startTestProvider({ report: (event) => report(event) })
})
afterAll(() => provider.close())
beforeEach(() => {
  visitor = openVisit(provider)
})
afterEach(() => {
  report = () => undefined
})

const tokenOf = ({ body }: Answer): string => JSON.parse(body).access_token

describe('an access token', () => {
  test('has exactly the form of RFC 9068 and says what was proved', async () => {
    const { path } = await visitor.enterPassword('ada')
    const { location } = await visitor.submit(`${path}/code`, { code: visitor.codeOf('ada') })
    const token = tokenOf(await visitor.exchange(location))
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: provider.jwks.keys[0]?.kid })
    const claims = decodeJwt(token)
    expect(claims).toEqual({
      iss: provider.issuerUrl,
      aud: 'urn:sallyport:checkout',
      sub: 'ada',
      client_id: 'sallyport-cli',
      scope: 'call',
      jti: expect.any(String),
      sid: expect.stringMatching(/^[0-9a-f]{32}$/),
      iat: expect.any(Number),
      exp: (claims.iat ?? 0) + 600,
      auth_time: expect.any(Number),
      roles: ['admin'],
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'urn:sallyport:acr:mfa',
    })
  })

  test('carries the roles of the moment of its making', async () => {
    const eve = provider.users.find('eve')
    if (eve === undefined) throw new Error('no eve')
    const { location } = await visitor.signInWithPassword('eve')
    provider.users.put({ ...eve, roles: ['late'] })
    expect(decodeJwt(tokenOf(await visitor.exchange(location)))).toMatchObject({ roles: ['late'], amr: ['pwd'] })
    const again = openVisit(provider)
    const resume = new URL((await again.signInWithPassword('eve')).location).pathname
    const { location: callback } = await again.send('GET', resume)
    provider.users.remove('eve')
    expect((await again.exchange(callback)).body).toMatch(/invalid_grant/)
    provider.users.put(eve)
  })
})

describe('the authorization endpoint', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, /error=invalid_request/],
    ['the plain method', { code_challenge_method: 'plain' }, /error=invalid_request/],
    ['another resource', { resource: 'urn:sallyport:other' }, /error=invalid_target/],
    ['the implicit flow', { response_type: 'token' }, /error=(unsupported_response_type|invalid_request)/],
    ['no interaction', { prompt: 'none' }, /error=login_required/],
  ])('refuses %s at the client', async (_, changes, answer) => {
    expect(await visitor.start()).toMatch(/^\/interaction\//)
    expect(await visitor.start(changes)).toMatch(answer)
  })

  test.each<[string, Record<string, string>]>([
    ['an unknown client', { client_id: 'other' }],
    ['a redirect to elsewhere', { redirect_uri: 'https://evil.example/callback' }],
    ['a redirect to another path', { redirect_uri: 'http://127.0.0.1:7777/other' }],
    ['a redirect to a name that looks like loopback', { redirect_uri: 'http://127.0.0.1.evil.example/callback' }],
  ])('never redirects for %s', async (_, changes) => {
    expect(await visitor.start(changes)).toBe('')
  })

  test('asks anew each time, also right after a sign-in in the same browser', async () => {
    await visitor.exchange((await visitor.signInWithPassword('alice')).location)
    expect(await visitor.start()).toMatch(/^\/interaction\//)
    expect(await visitor.start({ prompt: 'none' })).toMatch(/error=login_required/)
  })
})

describe('a client that was told how to sign in (RFC 9470)', () => {
  const mfa = 'urn:sallyport:acr:mfa'

  test('gets two factors or nothing', async () => {
    const { path } = await visitor.enterPassword('sam', visitor.passwordOf('sam'), { acr_values: mfa, max_age: '60' })
    expect((await visitor.send('GET', path)).body).not.toMatch(/without-second-factor/)
    const { location } = await visitor.submit(`${path}/without-second-factor`, {})
    const back = (await visitor.send('GET', new URL(location).pathname)).location
    expect(new URL(back).searchParams.get('error')).toBe('unmet_authentication_requirements')
    const again = await visitor.enterPassword('sam', visitor.passwordOf('sam'), { acr_values: mfa, max_age: '60' })
    const done = await visitor.submit(`${again.path}/code`, { code: visitor.codeOf('sam') })
    const claims = decodeJwt(tokenOf(await visitor.exchange(done.location)))
    expect(claims).toMatchObject({ acr: mfa, amr: ['pwd', 'otp', 'mfa'] })
    expect(claims['auth_time']).toEqual(expect.any(Number))
  })

  test('is told when the user has one factor only', async () => {
    const bob = provider.users.find('bob')
    if (bob === undefined) throw new Error('no bob')
    const { totpSecret: _, ...single } = bob
    provider.users.put(single)
    const { answer } = await visitor.enterPassword('bob', visitor.passwordOf('bob'), { acr_values: mfa })
    provider.users.put(bob)
    const back = (await visitor.send('GET', new URL(answer.location).pathname)).location
    expect(new URL(back).searchParams.get('error')).toBe('unmet_authentication_requirements')
  })

  test('may take one factor where it says that one is enough', async () => {
    const either = { acr_values: `${mfa} urn:sallyport:acr:single-factor` }
    const { path } = await visitor.enterPassword('alice', visitor.passwordOf('alice'), either)
    const { location } = await visitor.submit(`${path}/without-second-factor`, {})
    expect((await visitor.exchange(location)).status).toBe(200)
  })

  test('gets the scope that it asks for, where something demands it, and no other', async () => {
    const wanted = { scope: 'openid call refund everything' }
    const { path } = await visitor.enterPassword('alice', visitor.passwordOf('alice'), wanted)
    const { location } = await visitor.submit(`${path}/without-second-factor`, {})
    expect(decodeJwt(tokenOf(await visitor.exchange(location)))['scope']).toBe('call refund')
  })
})

test('one browser serves one person after another', async () => {
  await visitor.exchange((await visitor.signInWithPassword('alice')).location)
  const { location } = await visitor.signInWithPassword('bob')
  expect(decodeJwt(tokenOf(await visitor.exchange(location)))['sub']).toBe('bob')
})

describe('the token endpoint', () => {
  test('takes a code once', async () => {
    const { location } = await visitor.signInWithPassword('alice')
    const callback = (await visitor.send('GET', new URL(location).pathname)).location
    expect((await visitor.exchange(callback)).status).toBe(200)
    const again = await visitor.exchange(callback)
    expect([again.status, again.body]).toEqual([400, expect.stringContaining('invalid_grant')])
  })

  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:7778/callback' }],
    ['another client', { client_id: 'other' }],
  ])('refuses a code with %s', async (_, changes) => {
    const { location } = await visitor.signInWithPassword('alice')
    expect((await visitor.exchange(location, changes)).status).toBeGreaterThanOrEqual(400)
  })

  test.each(['password', 'client_credentials', 'refresh_token', 'implicit'])('knows no grant %s', async (grant) => {
    const alice = { username: 'alice', password: visitor.passwordOf('alice') }
    const fields = { grant_type: grant, client_id: 'sallyport-cli', ...alice }
    const answer = await visitor.send(
      'POST',
      '/token',
      { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      new URLSearchParams(fields).toString(),
    )
    expect(answer.status).toBe(400)
    expect(answer.body).toMatch(/unsupported_grant_type|not allowed for this client|missing required parameter/)
  })
})

test.each(['/reg', '/token/introspection', '/me', '/backchannel'])('%s is closed', async (path) => {
  expect((await visitor.send('POST', path, { accept: 'application/json' })).status).toBe(404)
})

test('the published keys hold nothing private, in discovery as in code', async () => {
  const served: { keys: object[] } = JSON.parse((await visitor.send('GET', '/jwks')).body)
  expect(served.keys).toEqual(provider.jwks.keys)
  expect(Object.keys(provider.jwks.keys[0] ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

test('a sign-in that cannot be recorded does not happen', async () => {
  const { path } = await visitor.enterPassword('alice')
  report = ({ event }) => {
    if (event === 'signed-in') throw new Error('the ledger is full')
  }
  const answer = await visitor.submit(`${path}/without-second-factor`, {})
  expect([answer.status, answer.location]).toEqual([500, ''])
  expect(answer.body).not.toMatch(/ledger/)
})

test('what is recorded holds nothing secret', async () => {
  await visitor.exchange((await visitor.signInWithPassword('alice')).location)
  const text = JSON.stringify(provider.events)
  expect(text).toMatch(/"event":"signed-in","code":"sign-in.done","user":"alice"/)
  expect(text).not.toContain(visitor.passwordOf('alice'))
})

describe('the server', () => {
  test.each(['evil.example', 'localhost', '127.0.0.1:1'])('does not answer for the host %s', async (host) => {
    expect((await visitor.send('GET', '/.well-known/openid-configuration')).status).toBe(200)
    expect((await visitor.send('GET', '/.well-known/openid-configuration', { host })).status).toBe(421)
  })

  test('does not take an absolute target', async () => {
    const { status } = await visitor.send('GET', 'https://evil.example/.well-known/openid-configuration')
    expect(status).toBe(421)
  })

  test('is not shut to others by one address that opens every connection', { timeout: 60_000 }, async () => {
    const apart = await startTestProvider({ store: provider.store })
    const port = Number(new URL(apart.issuerUrl).port)
    const sockets = Array.from({ length: 512 }, () => connectPlain({ port, host: '127.0.0.1' }))
    const opened = sockets.map((socket) => once(socket, 'connect'))
    for (const socket of sockets) socket.on('error', () => undefined)
    await Promise.allSettled(opened) // as many as there may be at all; whoever comes next is accepted after them
    const other = connect({
      socket: connectPlain({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }),
      rejectUnauthorized: false,
    })
    await once(other, 'secureConnect')
    for (const socket of [other, ...sockets]) socket.destroy()
    await apart.close()
  })

  test('speaks TLS 1.3 only', async () => {
    const { hostname, port } = new URL(provider.issuerUrl)
    const version = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> => {
      const { promise, resolve, reject } = Promise.withResolvers<string | null>()
      const socket = connect({ host: hostname, port: Number(port), ca: provider.caPem, maxVersion }, () => {
        resolve(socket.getProtocol())
        socket.destroy()
      }).on('error', reject)
      return promise
    }
    expect(await version('TLSv1.3')).toBe('TLSv1.3')
    await expect(version('TLSv1.2')).rejects.toThrow()
  })

  test('keeps its keys and its users over a restart', async () => {
    const first = await startTestProvider({ store: provider.store })
    expect(first.jwks).toEqual(provider.jwks)
    await first.close()
  })

  test('names the port when it is taken, and an issuer that is none', async () => {
    const { startIdentityProvider } = await import('./start.ts')
    const port = Number(new URL(provider.issuerUrl).port)
    const options = {
      issuerUrl: provider.issuerUrl,
      tls: { key: '', cert: '' },
      host: '127.0.0.1',
      port,
      users: provider.users,
      sealedStore: provider.store,
      nowSeconds: () => 0,
      random: (bytes: number) => new Uint8Array(bytes),
      audience: 'urn:a:b',
      app: 'a',
      clients: () => [],
      scopes: () => [],
      endSession: () => Promise.resolve(),
      endAllOf: () => Promise.resolve(),
      recordEnrolment: () => Promise.resolve(),
      report: () => undefined,
      upstreams: noUpstreams,
    }
    await expect(startIdentityProvider(options)).rejects.toMatchObject({ code: 'identity_provider.port' })
    const bad = startIdentityProvider({ ...options, port: 0, issuerUrl: 'http://127.0.0.1:0' })
    await expect(bad).rejects.toMatchObject({ code: 'identity_provider.issuer' })
  })

  test('closes at once although a client keeps its connection', async () => {
    const other = await startTestProvider()
    const { hostname, port } = new URL(other.issuerUrl)
    const idle = httpsRequest({ hostname, port, ca: other.caPem, method: 'POST', headers: { 'content-length': 10 } })
    idle.on('error', () => undefined).flushHeaders()
    await new Promise((resolve) => idle.on('socket', (socket) => socket.on('secureConnect', resolve)))
    await other.close()
    idle.destroy()
  })
})
