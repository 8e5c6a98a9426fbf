import { beforeAll, describe, expect, test } from 'vitest'

import type { CognitoIssuer } from '../issuer/issuer.ts'
import { createAuthenticator } from '../authenticate.ts'
import type { Subject } from '@sallyport/core/access'
import { type CognitoFixture, createCognitoFixture } from '../testing/cognito-issuer.ts'
import { createTestIssuer, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import { createVerifier, type Verifier } from './verifier.ts'

let issuer: TestIssuer
let pool: CognitoFixture

beforeAll(async () => {
  issuer = await createTestIssuer()
  pool = await createCognitoFixture({ nowSeconds: () => testNow })
})

function verifierWith(cognito: Partial<CognitoIssuer> = {}): Verifier {
  const issuers = [issuer.configuration, { ...pool.configuration, ...cognito }]
  return createVerifier({ issuers, nowSeconds: () => testNow, skewSeconds: 30 })
}

const subject = (token: string, verifier = verifierWith()): Subject | Promise<Subject> =>
  createAuthenticator({ verifier, app: 'checkout' })({ credentials: [`Bearer ${token}`] })

describe('the subject of an embedded user', () => {
  test('has the plain name, the session and how it was proved', async () => {
    const device = { id: 'laptop-1', managed: true, type: 'laptop' }
    expect(await subject(await issuer.token({ device, scope: 'call' }))).toEqual({
      kind: 'user',
      id: 'arn:sallyport:identity:checkout::user/alice',
      name: 'alice',
      issuer: 'https://issuer.example',
      sessionId: 's1',
      roles: ['customer'],
      authentication: {
        methods: ['pwd', 'otp'],
        mfa: true,
        authenticatedAtSeconds: testNow - 20,
        context: 'urn:sallyport:acr:mfa',
        expiresAtSeconds: testNow + 600,
      },
      credential: {
        issuerName: 'embedded',
        keyId: 'k1',
        issuedAtSeconds: testNow - 10,
        clientId: 'sallyport-cli',
        tokenId: 'j1',
        scopes: ['call'],
        tags: {},
        boundTo: [],
        binding: 'none',
      },
      device,
    })
  })

  test('falls back to jti for the session', async () => {
    expect((await subject(await issuer.token({ sid: undefined }))).sessionId).toBe('j1')
  })

  test.each<[unknown, unknown, boolean]>([
    [['pwd', 'otp'], undefined, true],
    [['pwd', 'mfa'], undefined, true],
    [['pwd', 'pin'], undefined, false], // two of one factor
    [['otp', 'hwk'], undefined, false],
    [['pwd'], undefined, false],
    [undefined, undefined, false],
    ['mfa', undefined, false],
    [['pwd'], 'urn:sallyport:acr:mfa', true],
    [['pwd'], 'urn:sallyport:acr:single-factor', false],
  ])('amr %j and acr %j prove MFA: %s', async (amr, acr, mfa) => {
    expect((await subject(await issuer.token({ amr, acr }))).authentication?.mfa).toBe(mfa)
  })

  test('proved itself at an unknown time when the token does not say', async () => {
    const made = await subject(await issuer.token({ auth_time: undefined }))
    expect(made.authentication?.authenticatedAtSeconds).toBe(0)
  })

  test('has a managed device only when the claim says exactly that', async () => {
    const made = await subject(await issuer.token({ device: { id: 'x', managed: 'true', type: 'laptop' } }))
    expect(made.device?.managed).toBe(false)
  })
})

describe('the subject of a Cognito user', () => {
  test('carries the pool’s name, so that two issuers cannot mean one user', async () => {
    expect(await subject(await pool.accessToken('alice', ['customer']))).toMatchObject({
      kind: 'user',
      id: 'arn:sallyport:identity:checkout::user/pool:alice',
      name: 'pool:alice',
      issuer: pool.issuer,
      roles: ['customer'],
      authentication: { methods: [], mfa: false, authenticatedAtSeconds: testNow },
    })
  })

  test('gets roles by the mapping, and by name where none is given', async () => {
    const by = verifierWith({ groups: { Admins: 'admin' } })
    const made = await subject(await pool.accessToken('bob', ['Admins', 'support', '__proto__']), by)
    expect(made.roles).toEqual(['admin', 'support', '__proto__'])
  })

  test('has no device, whatever the token claims', async () => {
    const device = { id: 'x', managed: true, type: 'laptop' }
    expect((await subject(await pool.accessToken('bob', [], { device }))).device).toBeUndefined()
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['another client', { client_id: 'other' }, 'token.wrong_client'],
    ['no client', { client_id: undefined }, 'token.claims'],
    ['no token_use', { token_use: undefined }, 'token.type'],
    ['an impossible token_use', { token_use: 'refresh' }, 'token.type'],
    ['no username', { username: undefined }, 'token.claims'],
    ['a wildcard for a name', { username: 'a*' }, 'token.claims'],
    ['groups that are text', { 'cognito:groups': 'admin' }, 'token.claims'],
    ['another pool', { iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other' }, 'token.wrong_issuer'],
    ['an expiry in the past', { exp: testNow - 60 }, 'token.expired'],
  ])('is refused with %s', async (_, changes, code) => {
    expect((await subject(await pool.accessToken('alice', [], changes))).refused?.code).toBe(code)
  })

  test('is refused with an ID token unless those are configured', async () => {
    const token = await pool.idToken('alice', ['customer'])
    expect((await subject(token)).refused?.code).toBe('token.type')
    expect((await subject(token, verifierWith({ idTokens: true }))).name).toBe('pool:alice')
    const foreign = await pool.idToken('alice', [], { aud: 'other' })
    expect((await subject(foreign, verifierWith({ idTokens: true }))).refused?.code).toBe('token.wrong_client')
  })

  test('may come from any client when none is listed', async () => {
    const token = await pool.accessToken('alice', [], { client_id: 'other' })
    expect((await subject(token, verifierWith({ clients: [] }))).name).toBe('pool:alice')
  })
})

describe('without a good credential', () => {
  test.each([
    [[], 'token.missing'],
    [['Bearer a', 'Bearer b'], 'token.duplicated'],
    [['Bearer not-a-token'], 'token.malformed'],
  ])('%j is the anonymous subject with %s', async (headers, code) => {
    expect(
      await createAuthenticator({ verifier: verifierWith(), app: 'checkout' })({ credentials: headers }),
    ).toMatchObject({
      kind: 'anonymous',
      id: 'anonymous',
      roles: [],
      refused: { code },
    })
  })
})
