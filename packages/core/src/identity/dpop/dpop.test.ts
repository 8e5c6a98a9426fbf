import { createHash, createHmac } from 'node:crypto'

import fc from 'fast-check'
import { exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { createDpopNonces } from './dpop-nonce.ts'
import { createProofVerifier, type ProofVerifier, type ProofVerifierOptions } from './dpop.ts'
import { createSeenOnce } from '../seen-once.ts'
import { normaliseTargetUri } from './target-uri.ts'
import { createDpopClient, type DpopClient } from '../testing/dpop-client.ts'
import { signRaw, testNow } from '../testing/test-issuer.ts'

const url = 'https://localhost:8443/orders/o1'
const request = { method: 'POST', url, accessToken: 'the.access.token', now: testNow }
let client: DpopClient
let thief: DpopClient

beforeAll(async () => {
  client = await createDpopClient()
  thief = await createDpopClient()
})

function verifier(changes: Partial<ProofVerifierOptions> = {}): ProofVerifier {
  return createProofVerifier({ nowSeconds: () => testNow, seen: createSeenOnce(100), ...changes })
}

async function codeOf(proofs: string | readonly string[], by = verifier(), expected = {}): Promise<string> {
  const { method, accessToken } = request
  const tokenDigest = createHash('sha256').update(accessToken).digest('base64url')
  const known = { method, url, tokenDigest, keyThumbprint: client.thumbprint, ...expected }
  return (await by.verify(typeof proofs === 'string' ? [proofs] : proofs, known))?.code ?? 'accepted'
}

describe('a proof', () => {
  test('is accepted when every check holds', async () => {
    expect(await codeOf(await client.proof(request))).toBe('accepted')
  })

  test.each(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])('of %s is accepted', async (alg) => {
    const other = await createDpopClient(alg)
    expect(await codeOf(await other.proof(request), verifier(), { keyThumbprint: other.thumbprint })).toBe('accepted')
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['for another method', { htm: 'GET' }, 'dpop.method'],
    ['for the method in lower case', { htm: 'post' }, 'dpop.method'],
    ['without method', { htm: undefined }, 'dpop.claims'],
    ['for another path', { htu: 'https://localhost:8443/orders/o2' }, 'dpop.url'],
    ['for a longer path', { htu: `${url}/` }, 'dpop.url'],
    ['for another host', { htu: 'https://evil.example/orders/o1' }, 'dpop.url'],
    ['for another port', { htu: 'https://localhost/orders/o1' }, 'dpop.url'],
    ['for plain HTTP', { htu: 'http://localhost:8443/orders/o1' }, 'dpop.url'],
    ['with a user in its address', { htu: 'https://u@localhost:8443/orders/o1' }, 'dpop.url'],
    ['for a path alone', { htu: '/orders/o1' }, 'dpop.url'],
    ['without address', { htu: undefined }, 'dpop.claims'],
    ['whose address is a list', { htu: [url] }, 'dpop.claims'],
    ['for another token', { ath: createHash('sha256').update('another').digest('base64url') }, 'dpop.access_token'],
    ['without a token', { ath: undefined }, 'dpop.claims'],
    ['without jti', { jti: undefined }, 'dpop.claims'],
    ['with an empty jti', { jti: '' }, 'dpop.claims'],
    ['whose jti is a number', { jti: 7 }, 'dpop.claims'],
    ['without iat', { iat: undefined }, 'dpop.claims'],
    ['whose iat is text', { iat: String(testNow) }, 'dpop.claims'],
    ['an hour old', { iat: testNow - 3600 }, 'dpop.expired'],
    ['61 s old', { iat: testNow - 61 }, 'dpop.expired'],
    ['from in an hour', { iat: testNow + 3600 }, 'dpop.not_yet_valid'],
    ['from in 16 s', { iat: testNow + 16 }, 'dpop.not_yet_valid'],
    ['whose nonce is a number', { nonce: 1 }, 'dpop.claims'],
    ['10 s old', { iat: testNow - 10 }, 'accepted'],
    ['from in 10 s', { iat: testNow + 10 }, 'accepted'],
    ['with a query in its address', { htu: `${url}?a=1#b` }, 'accepted'],
    ['with its host in upper case', { htu: 'HTTPS://LOCALHOST:8443/orders/o1' }, 'accepted'],
    ['with a letter percent-encoded', { htu: 'https://localhost:8443/%6frders/o1' }, 'accepted'],
  ])('%s', async (_, claims, code) => {
    expect(await codeOf(await client.proof(request, claims))).toBe(code)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['calls itself JWT', { typ: 'JWT' }, 'dpop.type'],
    ['calls itself an access token', { typ: 'at+jwt' }, 'dpop.type'],
    ['calls itself nothing', { typ: undefined }, 'dpop.type'],
    ['has no key', { jwk: undefined }, 'dpop.jwk'],
    ['has text for a key', { jwk: 'key' }, 'dpop.jwk'],
    ['has an empty key', { jwk: {} }, 'dpop.jwk'],
    ['has a crit', { crit: ['b64'], b64: true }, 'dpop.header'],
    ['has a jku', { jku: 'https://evil.example' }, 'dpop.header'],
    ['has an x5c', { x5c: ['MIIB'] }, 'dpop.header'],
  ])('that %s is refused', async (_, header, code) => {
    expect(await codeOf(await client.proof(request, {}, header))).toBe(code)
  })

  test('with the private half of its key is refused, also when the key is known already', async () => {
    const by = verifier()
    const jwk = await exportJWK(client.privateKey)
    expect(await codeOf(await client.proof(request, {}, { jwk }), by)).toBe('dpop.jwk')
    expect(await codeOf(await client.proof(request), by)).toBe('accepted')
    expect(await codeOf(await client.proof(request, {}, { jwk }), by)).toBe('dpop.jwk')
  })

  test.each(['none', 'HS256', 'ES512', 'RS512', '__proto__', ''])(
    'that says its algorithm is %j is refused',
    async (alg) => {
      const [, payload, signature] = (await client.proof(request)).split('.')
      const header = Buffer.from(JSON.stringify({ alg, typ: 'dpop+jwt', jwk: client.publicJwk })).toString('base64url')
      expect(await codeOf(`${header}.${payload}.${signature}`)).toBe('dpop.algorithm')
    },
  )

  test('whose key says another algorithm than its header is refused', async () => {
    const jwk = { ...client.publicJwk, alg: 'ES384' }
    expect(await codeOf(await client.proof(request, {}, { jwk }))).toBe('dpop.jwk')
  })

  test('whose key says another algorithm of its own kind than its header is refused', async () => {
    const other = await createDpopClient('PS256')
    const codeWith = async (alg: string): Promise<string> => {
      const proof = await other.proof(request, {}, { jwk: { ...other.publicJwk, alg } })
      return codeOf(proof, verifier(), { keyThumbprint: other.thumbprint })
    }
    expect([await codeWith('PS256'), await codeWith('RS256')]).toEqual(['accepted', 'dpop.algorithm'])
  })

  test('with a MAC under its own public key is refused', async () => {
    const jwk = { kty: 'oct', k: 'AAAA' }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'HS256', typ: 'dpop+jwt', jwk })}.${part({ jti: 'a' })}`
    const mac = createHmac('sha256', Buffer.from('AAAA', 'base64url')).update(signed).digest('base64url')
    expect(await codeOf(`${signed}.${mac}`)).toBe('dpop.algorithm')
  })

  test('by another key than the token is bound to is refused', async () => {
    expect(await codeOf(await thief.proof(request))).toBe('dpop.binding')
  })

  test('by another key that shows the right one is refused', async () => {
    expect(await codeOf(await thief.proof(request, {}, { jwk: client.publicJwk }))).toBe('dpop.signature')
  })

  test('with any changed byte is refused', async () => {
    const proof = await client.proof(request)
    for (let at = 0; at < proof.length; at += 7) {
      const changed = proof.slice(0, at) + (proof[at] === 'A' ? 'B' : 'A') + proof.slice(at + 1)
      if (changed !== proof) expect(await codeOf(changed), `byte ${at}`).not.toBe('accepted')
    }
  })

  test('comes once, and in its one spelling', async () => {
    const proof = await client.proof(request)
    expect(await codeOf([])).toBe('dpop.missing')
    expect(await codeOf([proof, proof])).toBe('dpop.duplicated')
    expect(await codeOf(`${proof}=`)).toBe('dpop.malformed')
    expect(await codeOf(`${proof}, ${proof}`)).toBe('dpop.malformed')
    expect(await codeOf('a'.repeat(8193))).toBe('dpop.too_large')
  })

  test('with a claim that stands twice is refused although its signature is right', async () => {
    const header = JSON.stringify({ alg: 'ES256', typ: 'dpop+jwt', jwk: client.publicJwk })
    const claims = '{"htm":"GET","htm":"POST","jti":"twice"}'
    expect(await codeOf(await signRaw(header, claims, client.privateKey))).toBe('dpop.malformed')
  })

  test('of a weak RSA key is refused', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), e: 'AQ' }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    expect(await codeOf(`${part({ alg: 'RS256', typ: 'dpop+jwt', jwk })}.${part({})}.AA`)).toBe('dpop.jwk')
  })
})

describe('the replay window', () => {
  test('lets each proof through once, and forgets none that is still young enough', async () => {
    const clock = { now: testNow }
    const by = verifier({ nowSeconds: () => clock.now })
    const proof = await client.proof(request, { iat: testNow + 15 })
    expect(await codeOf(proof, by)).toBe('accepted')
    for (const later of [0, 30, 75]) {
      clock.now = testNow + later
      expect(await codeOf(proof, by), `${later} s later`).toBe('dpop.replayed')
    }
    clock.now = testNow + 76
    expect(await codeOf(proof, by)).toBe('dpop.expired')
  })

  test('is one of each key: another client may choose the same jti', async () => {
    const by = verifier()
    expect(await codeOf(await client.proof(request, { jti: 'same' }), by)).toBe('accepted')
    const ofThief = await thief.proof(request, { jti: 'same' })
    expect(await codeOf(ofThief, by, { keyThumbprint: thief.thumbprint })).toBe('accepted')
    expect(await codeOf(await client.proof(request, { jti: 'same' }), by)).toBe('dpop.replayed')
  })

  test('that is full refuses', async () => {
    const by = verifier({ seen: createSeenOnce(1) })
    expect(await codeOf(await client.proof(request), by)).toBe('accepted')
    expect(await codeOf(await client.proof(request), by)).toBe('dpop.replay_memory_full')
  })

  test('is not filled by what is refused otherwise', async () => {
    const by = verifier({ seen: createSeenOnce(1) })
    expect(await codeOf(await client.proof(request, { htm: 'GET' }), by)).toBe('dpop.method')
    expect(await codeOf(await client.proof(request), by)).toBe('accepted')
  })
})

describe('a nonce', () => {
  test('that nobody asked for is let be', async () => {
    expect(await codeOf(await client.proof(request, { nonce: 'of another server' }))).toBe('accepted')
  })

  const clock = { now: testNow }
  const noncesOf = (key: string): ReturnType<typeof createDpopNonces> =>
    createDpopNonces({
      mac: (bytes) => createHmac('sha256', key).update(bytes).digest(),
      nowSeconds: () => clock.now,
      windowSeconds: 60,
    })

  test('is good for one to two windows, and only from its own server', async () => {
    const nonces = noncesOf('a')
    clock.now = testNow
    const nonce = nonces.current()
    const by = verifier({ nonces })
    expect(await codeOf(await client.proof(request, { nonce }), by)).toBe('accepted')
    expect(await codeOf(await client.proof(request), by)).toBe('accepted')
    expect(await codeOf(await client.proof(request, { nonce: 'made-up' }), by)).toBe('dpop.nonce_stale')
    expect(await codeOf(await client.proof(request, { nonce: noncesOf('b').current() }), by)).toBe('dpop.nonce_stale')
    clock.now = testNow + 60
    expect(nonces.current()).not.toBe(nonce)
    expect(nonces.accepts(nonce)).toBe(true)
    clock.now = testNow + 120
    expect(nonces.accepts(nonce)).toBe(false)
  })

  test('may be demanded', async () => {
    const by = verifier({ nonces: noncesOf('a'), requireNonce: true })
    expect(await codeOf(await client.proof(request), by)).toBe('dpop.nonce_required')
    expect(await codeOf(await client.proof(request, { nonce: noncesOf('a').current() }), by)).toBe('accepted')
  })
})

describe('the one spelling of an address', () => {
  test.each([
    ['https://a.example', 'https://a.example/'],
    ['https://A.example:443/x', 'https://a.example/x'],
    ['http://a.example:80/', 'http://a.example/'],
    ['https://a.example/b/../c', 'https://a.example/c'],
    ['https://a.example/%7euser', 'https://a.example/~user'],
    ['https://a.example/%2f', 'https://a.example/%2F'],
    ['https://a.example/a?b#c', 'https://a.example/a'],
    ['ftp://a.example/', undefined],
    [`https://a.example/${'a'.repeat(4_096)}`, undefined],
    ['https:/a.example/', undefined],
    ['https:a.example', undefined],
    ['https:///a.example', undefined],
    ['https://a.example\\@evil.example/', undefined],
    ['https://a.example/ b', undefined],
    ['https://a.example/%zz', undefined],
    ['https://ä.example/', undefined],
    ['', undefined],
  ])('of %s is %s', (text, normal) => {
    expect(normaliseTargetUri(text)).toBe(normal)
  })

  const pieces = [
    'https://',
    'http://',
    'A',
    'b.',
    '/',
    '..',
    '%7e',
    '%2f',
    '%',
    '?',
    '#',
    '@',
    ':80',
    ':443',
    '\\',
    ' ',
  ]
  test('is its own spelling, and nothing throws', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
        const normal = normaliseTargetUri(parts.join(''))
        if (normal !== undefined) expect(normaliseTargetUri(normal)).toBe(normal)
      }),
    )
  })
})
