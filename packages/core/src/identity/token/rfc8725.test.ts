import { beforeAll, describe, expect, test } from 'vitest'

import { createTestIssuer, signRaw, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import { createVerifier } from './verifier.ts'

// What RFC 8725 advises, section by section, each with the token that it warns of. Every case is one change to a token
// that is good, and the control is that token.

let issuer: TestIssuer
let stranger: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
  stranger = await createTestIssuer('https://other.example')
})

async function codeOf(token: string): Promise<string> {
  const options = { issuers: [issuer.configuration], nowSeconds: () => testNow, skewSeconds: 30 }
  const verdict = await createVerifier(options).verify(token)
  return verdict.kind === 'refused' ? verdict.code : 'verified'
}

const part = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' }
/** The token with another header, under the signature that it has. */
const reheaded = async (changes: object): Promise<string> => {
  const [, payload = '', signature = ''] = (await issuer.token()).split('.')
  return `${part({ ...header, ...changes })}.${payload}.${signature}`
}

type Case = readonly [what: string, make: () => Promise<string> | string, code: string]

const advice: Readonly<Record<string, readonly Case[]>> = {
  'the control': [
    ['a good token', () => issuer.token(), 'verified'],
    [
      'the same by hand',
      () => signRaw(JSON.stringify(header), JSON.stringify(issuer.claims), issuer.privateKey),
      'verified',
    ],
  ],
  '§3.1, §2.1: the algorithm is that of the key': [
    ['none', () => reheaded({ alg: 'none' }), 'token.algorithm'],
    ['nOnE, in another case', () => reheaded({ alg: 'nOnE' }), 'token.algorithm'],
    ['a MAC under the public key', () => reheaded({ alg: 'HS256' }), 'token.algorithm'],
    ['another curve', () => reheaded({ alg: 'ES384' }), 'token.algorithm'],
    ['no algorithm', () => reheaded({ alg: undefined }), 'token.malformed'],
    ['an algorithm that is no text', () => reheaded({ alg: ['ES256'] }), 'token.malformed'],
  ],
  '§3.3: every part is verified': [
    ['without a signature', async () => (await issuer.token()).replace(/[^.]*$/, ''), 'token.signature'],
    ['with half a signature', async () => (await issuer.token()).replace(/[^.]*$/, 'A'.repeat(43)), 'token.signature'],
    [
      'with a signature of zeros',
      async () => (await issuer.token()).replace(/[^.]*$/, 'A'.repeat(86)),
      'token.signature',
    ],
    [
      'with the payload of another',
      async () => (await issuer.token()).replace(/\.[^.]*\./, `.${part({ ...issuer.claims, sub: 'admin' })}.`),
      'token.signature',
    ],
    [
      'within another (nested)',
      async () => `${part({ ...header, cty: 'JWT' })}.${part(await issuer.token())}.AAAA`,
      'token.header',
    ],
    [
      'within another that does not say so',
      async () => `${part(header)}.${part(await issuer.token())}.AAAA`,
      'token.malformed',
    ],
    ['claims that call themselves a nested token', () => issuer.token({}, { cty: 'JWT' }), 'token.header'],
    ['the same as a media type', () => issuer.token({}, { cty: 'application/at+jwt' }), 'token.header'],
    ['a content type that is no text', () => issuer.token({}, { cty: ['JWT'] }), 'token.header'],
    ['another content type (control)', () => issuer.token({}, { cty: 'json' }), 'verified'],
    ['encrypted: five parts', async () => `${await issuer.token()}.AAAA.AAAA`, 'token.malformed'],
    ['as JSON', async () => JSON.stringify({ payload: part(issuer.claims), signatures: [] }), 'token.malformed'],
  ],
  '§3.6: nothing is unpacked': [['zip', () => issuer.token({}, { zip: 'DEF' }), 'token.header']],
  '§3.7, §2.4: one reading of its text': [
    [
      'a claim twice',
      () =>
        signRaw(
          JSON.stringify(header),
          JSON.stringify(issuer.claims).replace('"sub":', '"sub":"admin","sub":'),
          issuer.privateKey,
        ),
      'token.malformed',
    ],
    [
      'a claim twice, once escaped',
      () =>
        signRaw(
          JSON.stringify(header),
          JSON.stringify(issuer.claims).replace('"sub":', '"s\\u0075b":"admin","sub":'),
          issuer.privateKey,
        ),
      'token.malformed',
    ],
    [
      'a header member twice',
      () =>
        signRaw(
          '{"alg":"ES256","kid":"k1","kid":"k2","typ":"at+jwt"}',
          JSON.stringify(issuer.claims),
          issuer.privateKey,
        ),
      'token.malformed',
    ],
    ['claims that are a list', () => signRaw(JSON.stringify(header), '[]', issuer.privateKey), 'token.malformed'],
    ['padding', async () => `${await issuer.token()}=`, 'token.malformed'],
  ],
  '§3.8: issuer and subject': [
    ['another issuer', () => issuer.token({ iss: 'https://other.example' }), 'token.wrong_issuer'],
    ['no issuer', () => issuer.token({ iss: undefined }), 'token.wrong_issuer'],
    ['our issuer by a key of another', () => stranger.token({ iss: 'https://issuer.example' }), 'token.signature'],
    ['no subject', () => issuer.token({ sub: undefined }), 'token.claims'],
    ['an empty subject', () => issuer.token({ sub: '' }), 'token.claims'],
    ['a subject that is a number', () => issuer.token({ sub: 7 }), 'token.claims'],
  ],
  '§3.9: audience': [
    ['another', () => issuer.token({ aud: 'urn:sallyport:other' }), 'token.wrong_audience'],
    ['none', () => issuer.token({ aud: undefined }), 'token.wrong_audience'],
    ['ours within another', () => issuer.token({ aud: 'urn:sallyport:checkout.evil' }), 'token.wrong_audience'],
    ['ours deeper in a list', () => issuer.token({ aud: [['urn:sallyport:checkout']] }), 'token.wrong_audience'],
  ],
  '§3.10: nothing that it says is believed before': [
    ['a key of its own', async () => stranger.token({}, { jwk: stranger.publicJwk }), 'token.header'],
    ['where to fetch one', () => stranger.token({}, { jku: 'https://evil.example/keys' }), 'token.header'],
    ['where to fetch a certificate', () => stranger.token({}, { x5u: 'https://evil.example/c' }), 'token.header'],
    ['a certificate', () => stranger.token({}, { x5c: ['MIIB'] }), 'token.header'],
    ['a kid with a path', () => issuer.token({}, { kid: '../../dev/null' }), 'token.unknown_key'],
    ['a kid with a query', () => issuer.token({}, { kid: "k1' OR '1'='1" }), 'token.unknown_key'],
    ['a kid of the language', () => issuer.token({}, { kid: '__proto__' }), 'token.unknown_key'],
    ['a member that must be understood', () => issuer.token({}, { crit: ['b64'], b64: true }), 'token.header'],
  ],
  '§3.11, §3.12: its kind is told': [
    ['no type', () => issuer.token({}, { typ: undefined }), 'token.type'],
    ['JWT', () => issuer.token({}, { typ: 'JWT' }), 'token.type'],
    ['a security event', () => issuer.token({}, { typ: 'secevent+jwt' }), 'token.type'],
    ['a proof of a key', () => issuer.token({}, { typ: 'dpop+jwt' }), 'token.type'],
    ['a statement about a device', () => issuer.token({}, { typ: 'device+jwt' }), 'token.type'],
    ['a logout token', () => issuer.token({}, { typ: 'logout+jwt' }), 'token.type'],
  ],
  'RFC 7519 §4.1: its time': [
    ['over', () => issuer.token({ exp: testNow - 31 }), 'token.expired'],
    ['without an end', () => issuer.token({ exp: undefined }), 'token.claims'],
    ['with an end in words', () => issuer.token({ exp: `${testNow + 600}` }), 'token.claims'],
    ['not yet', () => issuer.token({ nbf: testNow + 31 }), 'token.not_yet_valid'],
    ['from the future', () => issuer.token({ iat: testNow + 31 }), 'token.not_yet_valid'],
  ],
}

for (const [section, cases] of Object.entries(advice)) {
  describe(section, () => {
    for (const [what, make, code] of cases) {
      test(`${what} gives ${code}`, async () => {
        expect(await codeOf(await make())).toBe(code)
      })
    }
  })
}
