import { createHash, createHmac } from 'node:crypto'

import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import type { IssuerConfiguration } from '../issuer/issuer.ts'
import { createTestIssuer, signRaw, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import { webPrimitives } from '../primitives.ts'
import { createVerifier, type Verifier } from './verifier.ts'

let issuer: TestIssuer
let other: TestIssuer
let verifier: Verifier

beforeAll(async () => {
  issuer = await createTestIssuer()
  other = await createTestIssuer('https://other.example')
  const external = { ...other.configuration, kind: 'oidc', name: 'other', rolesClaim: 'roles' } as const
  verifier = verifierFor([issuer.configuration, external])
})

function verifierFor(issuers: readonly IssuerConfiguration[], clock: { now: number } = { now: testNow }): Verifier {
  return createVerifier({ issuers, nowSeconds: () => clock.now, skewSeconds: 30 })
}

async function codeOf(token: string | Promise<string>, by: Verifier = verifier): Promise<string> {
  const verdict = await by.verify(await token)
  return verdict.kind === 'refused' ? verdict.code : 'verified'
}

const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url')
const compact = (header: object, claims: object): string =>
  `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`

describe('a token', () => {
  test('is verified when every check holds', async () => {
    expect(await verifier.verify(await issuer.token())).toMatchObject({
      kind: 'verified',
      userName: 'alice',
      roles: ['customer'],
      keyId: 'k1',
      expiresAtSeconds: testNow + 600,
    })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['of an unknown issuer', { iss: 'https://evil.example' }, 'token.wrong_issuer'],
    ['whose issuer only looks the same', { iss: 'https://issuer.example/' }, 'token.wrong_issuer'],
    ['whose issuer is a list', { iss: ['https://issuer.example'] }, 'token.wrong_issuer'],
    ['whose issuer is __proto__', { iss: '__proto__' }, 'token.wrong_issuer'],
    ['for another audience', { aud: 'urn:sallyport:other' }, 'token.wrong_audience'],
    ['without audience', { aud: undefined }, 'token.wrong_audience'],
    ['for a list of others', { aud: ['a', 'b'] }, 'token.wrong_audience'],
    ['whose audience begins like ours', { aud: 'urn:sallyport:checkout2' }, 'token.wrong_audience'],
    ['that has expired', { exp: testNow - 31 }, 'token.expired'],
    ['that does not expire', { exp: undefined }, 'token.claims'],
    ['whose expiry is text', { exp: '9999999999' }, 'token.claims'],
    ['whose expiry is beyond any calendar', { exp: 1e300 }, 'token.claims'],
    ['without an age', { iat: undefined }, 'token.claims'],
    ['issued in the future', { iat: testNow + 31 }, 'token.not_yet_valid'],
    ['not valid yet', { nbf: testNow + 31 }, 'token.not_yet_valid'],
    ['whose nbf is text', { nbf: 'now' }, 'token.claims'],
    ['without subject', { sub: undefined }, 'token.claims'],
    ['without jti', { jti: undefined }, 'token.claims'],
    ['without client', { client_id: undefined }, 'token.claims'],
    ['whose roles are text', { roles: 'admin' }, 'token.claims'],
    ['whose subject is a wildcard', { sub: '*' }, 'token.claims'],
    ['whose subject looks like another issuer’s user', { sub: 'pool:alice' }, 'token.claims'],
  ])('%s is refused', async (_, claims, code) => {
    expect(await codeOf(issuer.token(claims))).toBe(code)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['JWT', { typ: 'JWT' }, 'token.type'],
    ['nothing', { typ: undefined }, 'token.type'],
    ['an ID token', { typ: 'id+jwt' }, 'token.type'],
    ['a security event', { typ: 'secevent+jwt' }, 'token.type'],
    ['application/at+jwt', { typ: 'application/at+jwt' }, 'verified'],
  ])('that calls itself %s gets %s', async (_, header, code) => {
    expect(await codeOf(issuer.token({}, header))).toBe(code)
  })

  test.each([
    [testNow - 29, 'verified'],
    [testNow - 30, 'token.expired'],
  ])('expiring at %i is %s with 30 s of skew', async (exp, code) => {
    expect(await codeOf(issuer.token({ exp, iat: testNow - 100 }))).toBe(code)
  })

  test('with several audiences is verified when ours is one', async () => {
    expect(await codeOf(issuer.token({ aud: ['x', 'urn:sallyport:checkout'] }))).toBe('verified')
  })

  test('with any changed byte is refused', async () => {
    const token = await issuer.token()
    for (let at = 0; at < token.length; at += 7) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      if (changed !== token) expect(await codeOf(changed), `byte ${at}`).not.toBe('verified')
    }
  })

  test('spelled in another way is refused, so that no second spelling survives a revocation', async () => {
    const token = await issuer.token()
    for (const spelled of [`${token}=`, `${token}==`, ` ${token}`, `${token}\n`, token.replace('.', '=.')]) {
      expect(await codeOf(spelled)).toBe('token.malformed')
    }
  })

  test('with duplicate members is refused although its signature is right', async () => {
    const header = '{"alg":"ES256","kid":"k1","typ":"at+jwt"}'
    const claims = JSON.stringify(issuer.claims)
    expect(await codeOf(signRaw(header, claims, issuer.privateKey))).toBe('verified')
    const doubled = claims.replace('"roles":', '"roles":["admin"],"roles":')
    expect(await codeOf(signRaw(header, doubled, issuer.privateKey))).toBe('token.malformed')
  })
})

describe('the algorithm', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', 'HS256', 'ES384', 'RS256', '__proto__', ''])(
    'comes from the key record: a header that says %j is refused',
    async (alg) => {
      const token = await issuer.token()
      const [, payload, signature] = token.split('.')
      const header = base64url(JSON.stringify({ alg, kid: 'k1', typ: 'at+jwt' }))
      expect(await codeOf(`${header}.${payload}.${signature}`)).toBe('token.algorithm')
      expect(await codeOf(`${header}.${payload}.`)).toBe('token.algorithm')
    },
  )

  test('cannot be confused: a MAC under any form of the public key is refused', async () => {
    const { key_ops: _, ...publicJwk } = issuer.publicJwk
    const forms = [JSON.stringify(publicJwk), `${publicJwk.x}`, Buffer.from(`${publicJwk.x}`, 'base64url')]
    const signed = compact({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' }, issuer.claims)
    for (const form of forms) {
      const mac = createHmac('sha256', form).update(signed).digest('base64url')
      expect(await codeOf(`${signed}.${mac}`)).toBe('token.algorithm')
    }
  })

  test('is never symmetric, even when the issuer’s key set says so', async () => {
    const k = base64url('a secret of thirty-two bytes....')
    const keys = { keys: [{ kty: 'oct', kid: 'k1', alg: 'HS256', k }] }
    const signed = compact({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' }, issuer.claims)
    const mac = createHmac('sha256', Buffer.from(k, 'base64url')).update(signed).digest('base64url')
    expect(await codeOf(`${signed}.${mac}`, verifierFor([{ ...issuer.configuration, keys }]))).toBe('token.unknown_key')
  })

  test('is taken from no embedded key', async () => {
    const attacker = await createTestIssuer()
    const jwk = attacker.publicJwk
    const jku = 'https://evil.example/jwks'
    const x5u = 'https://evil.example/certificate'
    expect(await codeOf(attacker.token({}, { jwk }))).toBe('token.header')
    expect(await codeOf(attacker.token({}, { jku }))).toBe('token.header')
    expect(await codeOf(attacker.token({}, { x5u }))).toBe('token.header')
    expect(await codeOf(attacker.token({}, { x5c: ['MIIB'] }))).toBe('token.header')
    expect(await codeOf(attacker.token())).toBe('token.signature')
  })
})

describe('a key id', () => {
  test.each(['__proto__', 'constructor', 'toString', 'k1 ', 'K1', ''])('%j names nothing', async (kid) => {
    expect(await codeOf(issuer.token({}, { kid }))).toBe('token.unknown_key')
  })

  test('is bound to its issuer: the same kid of another issuer is another key', async () => {
    expect(await codeOf(other.token())).toBe('verified')
    expect(await codeOf(other.token({ iss: 'https://issuer.example' }))).toBe('token.signature')
  })

  test('must be there', async () => {
    expect(await codeOf(issuer.token({}, { kid: undefined }))).toBe('token.unknown_key')
  })
})

describe('a key', () => {
  test.each<[Partial<JWK>, string]>([
    [{}, 'verified'],
    [{ key_ops: ['verify'] }, 'verified'],
    [{ use: 'enc' }, 'token.unknown_key'],
    [{ key_ops: ['encrypt'] }, 'token.unknown_key'],
    [{ alg: 'RS256' }, 'token.unknown_key'],
    [{ alg: 'ES384' }, 'token.unknown_key'],
    [{ d: 'AAAA' }, 'token.unknown_key'],
    [{ k: 'AAAA' }, 'token.unknown_key'],
    [{ crv: 'P-384' }, 'token.unknown_key'],
    [{ y: 'AAAA' }, 'token.unknown_key'],
  ])('with %j gives %s', async (changes, code) => {
    const keys = { keys: [{ ...issuer.publicJwk, ...changes }] }
    expect(await codeOf(issuer.token(), verifierFor([{ ...issuer.configuration, keys }]))).toBe(code)
  })

  test('that appears twice under one kid verifies nothing', async () => {
    const keys = { keys: [issuer.publicJwk, { ...other.publicJwk, kid: 'k1' }] }
    expect(await codeOf(issuer.token(), verifierFor([{ ...issuer.configuration, keys }]))).toBe('token.unknown_key')
  })

  test('of RSA needs 2048 bits', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true })
    const { importKey } = await import('../keys/key-record.ts')
    const jwk = await exportJWK(publicKey)
    expect(await importKey(jwk)).toMatchObject({ algorithm: 'RS256' })
    expect(await importKey({ ...jwk, e: 'AQ' })).toBeUndefined()
    expect(await importKey({ ...jwk, e: 'AAAB' })).toBeUndefined()
    expect(await importKey({ ...jwk, e: 'Ag' })).toBeUndefined()
    expect(await importKey({ ...jwk, e: base64url(Buffer.alloc(8, 1)) })).toMatchObject({ algorithm: 'RS256' })
    expect(await importKey({ ...jwk, e: base64url(Buffer.alloc(9, 1)) })).toBeUndefined()
    const short = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: Uint8Array.of(1, 0, 1) }
    const pair = await crypto.subtle.generateKey({ ...short, modulusLength: 1024 }, true, ['verify', 'sign'])
    expect(await importKey({ ...(await exportJWK(pair.publicKey)), alg: 'RS256' })).toBeUndefined()
  })
})

describe('the cache', () => {
  test('re-checks expiry on every hit', async () => {
    const clock = { now: testNow }
    const by = verifierFor([issuer.configuration], clock)
    const token = await issuer.token()
    expect(await codeOf(token, by)).toBe('verified')
    clock.now = testNow + 629
    expect(await codeOf(token, by)).toBe('verified')
    clock.now = testNow + 630
    expect(await codeOf(token, by)).toBe('token.expired')
    clock.now = testNow - 100
    expect(await codeOf(token, by)).toBe('token.not_yet_valid')
  })

  test('gives no answer to another audience', async () => {
    const strict = verifierFor([{ ...issuer.configuration, audience: 'urn:sallyport:elsewhere' }])
    const token = await issuer.token()
    expect(await codeOf(token)).toBe('verified')
    expect(await codeOf(token, strict)).toBe('token.wrong_audience')
  })

  test('is bounded, and refused tokens take no place in it', async () => {
    let hashed = 0
    const by = createVerifier({
      issuers: [issuer.configuration],
      nowSeconds: () => testNow,
      skewSeconds: 0,
      maxCachedTokens: 1,
      primitives: {
        ...webPrimitives,
        digest: (text) => {
          hashed++
          return createHash('sha256').update(text).digest('base64url')
        },
      },
    })
    const [a, b] = [await issuer.token({ jti: 'a' }), await issuer.token({ jti: 'b' })]
    const first = await by.verify(a)
    const expired = await issuer.token({ exp: 1 })
    for (const bad of ['x', `${a}x`, expired]) expect(await codeOf(bad, by)).not.toBe('verified')
    expect(await by.verify(a)).toBe(first) // the same object: a hit
    await by.verify(b)
    expect(await by.verify(a)).not.toBe(first) // pushed out by b
    expect(hashed).toBeGreaterThan(0)
  })

  test('holds nothing that was verified under a key since withdrawn', async () => {
    const clock = { now: testNow }
    let served: readonly unknown[] = [issuer.publicJwk]
    const keys = async (): Promise<{ keys: readonly unknown[] }> => ({ keys: served })
    const by = verifierFor([{ ...issuer.configuration, keys }], clock)
    const token = await issuer.token({ exp: testNow + 10_000 })
    expect(await codeOf(token, by)).toBe('verified')
    served = [{ ...other.publicJwk, kid: 'k1' }]
    clock.now += 601
    await codeOf(token, by) // answers from the old set and starts the refresh beside it
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await codeOf(token, by)).toBe('token.signature')
  })
})

describe('the configuration', () => {
  test.each<[string, () => Verifier]>([
    ['a skew above 60 s', () => createVerifier({ issuers: [], nowSeconds: () => 0, skewSeconds: 61 })],
    ['a skew that is no number', () => createVerifier({ issuers: [], nowSeconds: () => 0, skewSeconds: Number.NaN })],
    ['a name with the separator in it', () => verifierFor([{ ...issuer.configuration, name: 'a:b' }])],
    [
      'two issuers of one name',
      () => verifierFor([issuer.configuration, { ...other.configuration, kind: 'oidc', rolesClaim: 'r' }]),
    ],
    ['two embedded issuers', () => verifierFor([issuer.configuration, { ...other.configuration, name: 'b' }])],
    [
      'two issuers of one address',
      () => verifierFor([issuer.configuration, { ...issuer.configuration, kind: 'oidc', name: 'b', rolesClaim: 'r' }]),
    ],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'identity.configuration' }))
  })
})
