import { generateKeyPairSync } from 'node:crypto'

import { generateKeyPair, exportJWK, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { contentDigest, fitsDigest } from './content-digest.ts'
import type { HttpRequest } from './http-message.ts'
import { importSignatureKey, type SignatureKey } from './http-signature-key.ts'
import {
  type SignatureDescription,
  type SignaturePolicy,
  signHttpMessage,
  verifyHttpSignature,
} from './http-signature.ts'
import { createSeenOnce } from '../seen-once.ts'

const now = 1_700_000_000
const body = new TextEncoder().encode('{"amount":100}')
const secret = new Uint8Array(32).fill(7)
const policy: SignaturePolicy = { required: ['@method', '@target-uri'], maxAgeSeconds: 300, skewSeconds: 5 }
const usual: SignatureDescription = {
  label: 'sig1',
  covered: ['"@method"', '"@target-uri"', '"content-digest"'],
  createdSeconds: now,
}
let signer: SignatureKey
let verifying: SignatureKey
let plain: HttpRequest

beforeAll(async () => {
  const pair = await generateKeyPair('Ed25519', { extractable: true })
  signer = await importSignatureKey('k1', 'ed25519', await exportJWK(pair.privateKey), 'sign')
  verifying = await importSignatureKey('k1', 'ed25519', await exportJWK(pair.publicKey), 'verify')
  const fields = [
    ['Content-Type', 'application/json'],
    ['Content-Digest', await contentDigest(body)],
  ] as const
  const requestTarget = '/orders?a=1'
  plain = { kind: 'request', method: 'POST', scheme: 'https', authority: 'api.example', requestTarget, fields }
})

async function signed(
  changes: Partial<SignatureDescription> = {},
  message = plain,
  key = signer,
): Promise<HttpRequest> {
  const made = await signHttpMessage(message, { ...usual, ...changes }, key)
  const added = [
    ['Signature-Input', made.signatureInput],
    ['Signature', made.signature],
  ] as const
  return { ...message, fields: [...message.fields, ...added] }
}

async function codeOf(
  message: HttpRequest,
  changes: Partial<SignaturePolicy> = {},
  given: { readonly body?: Uint8Array<ArrayBuffer>; readonly key?: SignatureKey } = {},
): Promise<string> {
  const verdict = await verifyHttpSignature({
    message,
    body: given.body ?? body,
    keyOf: (id) => (id === 'k1' ? (given.key ?? verifying) : undefined),
    policy: { ...policy, ...changes },
    nowSeconds: now,
  })
  return verdict.kind === 'refused' ? verdict.code.replace('http-signature.', '') : 'verified'
}

/** The message with the fields of its signature worded anew. */
function worded(message: HttpRequest, change: (name: string, value: string) => string): HttpRequest {
  const fields = message.fields.map(([name, value]) => [name, change(name.toLowerCase(), value)] as const)
  return { ...message, fields }
}

describe('a signed request', () => {
  test('is verified, and says by whom and over what', async () => {
    const asked = { message: await signed(), body, keyOf: () => verifying, policy, nowSeconds: now }
    expect(await verifyHttpSignature(asked)).toEqual({
      kind: 'verified',
      keyId: 'k1',
      label: 'sig1',
      covered: ['@method', '@target-uri', 'content-digest'],
      createdSeconds: now,
    })
  })

  test.each<[string, Partial<HttpRequest>, string]>([
    ['another method', { method: 'PUT' }, 'wrong'],
    ['another query', { requestTarget: '/orders?a=2' }, 'wrong'],
    ['another host', { authority: 'evil.example' }, 'wrong'],
    ['another scheme', { scheme: 'http' }, 'wrong'],
    ['its host in upper case, which is the same', { authority: 'API.example:443' }, 'verified'],
    ['a user in its host', { authority: 'u@api.example' }, 'component'],
    ['no fields', { fields: [] }, 'missing'],
  ])('with %s', async (_, changes, code) => {
    expect(await codeOf({ ...(await signed()), ...changes })).toBe(code)
  })

  test.each<[string, Partial<SignatureDescription>, string]>([
    ['does not cover its target', { covered: ['"@method"', '"content-digest"'] }, 'uncovered'],
    ['does not cover its body', { covered: ['"@method"', '"@target-uri"'] }, 'uncovered'],
    [
      'covers its digest in another form only',
      { covered: ['"@method"', '"@target-uri"', '"content-digest";sf'] },
      'uncovered',
    ],
    ['is older than the policy has it', { createdSeconds: now - 305 }, 'expired'],
    ['has expired by its own word', { createdSeconds: now - 60, expiresSeconds: now - 5 }, 'expired'],
    ['is from the future', { createdSeconds: now + 6 }, 'not_yet_valid'],
    ['is a little from the future', { createdSeconds: now + 5 }, 'verified'],
  ])('that %s', async (_, changes, code) => {
    expect(await codeOf(await signed(changes))).toBe(code)
  })

  test.each<[string, (name: string, value: string) => string, string]>([
    ['its label twice', (name, value) => (name === 'signature' ? `${value}, ${value}` : value), 'malformed'],
    ['two signatures', (name, value) => (name.startsWith('signature') ? `${value}, b${value}` : value), 'ambiguous'],
    ['no signature for its label', (name, value) => (name === 'signature' ? `x${value}` : value), 'malformed'],
    ['a token for a signature', (name, value) => (name === 'signature' ? 'sig1=abc' : value), 'malformed'],
    ['no date', (_, value) => value.replace(/;created=\d+/, ''), 'parameters'],
    ['a date in quotes', (_, value) => value.replace(/created=(\d+)/, 'created="$1"'), 'parameters'],
    ['no key', (_, value) => value.replace(/;keyid="k1"/, ''), 'parameters'],
    ['an unknown parameter', (_, value) => value.replace(/;keyid/, ';critical;keyid'), 'parameters'],
    ['an end in quotes', (_, value) => value.replace(/;keyid/, ';expires="1";keyid'), 'parameters'],
    ['an algorithm that is no text', (_, value) => value.replace(/;keyid/, ';alg=1;keyid'), 'parameters'],
    ['a tag that is no text', (_, value) => value.replace(/;keyid/, ';tag=1;keyid'), 'parameters'],
    ['an unknown key', (_, value) => value.replace(/keyid="k1"/, 'keyid="k2"'), 'unknown_key'],
    ['another algorithm', (_, value) => value.replace(/keyid=/, 'alg="hmac-sha256";keyid='), 'algorithm'],
    ['a component twice', (_, value) => value.replace('("@method"', '("@method" "@method"'), 'component'],
    ['a component that is absent', (_, value) => value.replace('("@method"', '("x-none" "@method"'), 'component'],
    [
      'a component in upper case',
      (_, value) => value.replace('"content-digest")', '"content-digest" "Date")'),
      'component',
    ],
    ['a token for a component', (_, value) => value.replace('"@method"', 'method'), 'malformed'],
    ['later parameters', (_, value) => value.replace(/keyid=/, 'nonce="n";keyid='), 'wrong'],
    [
      'base64 without its padding',
      (name, value) => (name === 'signature' ? value.replace(/=+:/, ':') : value),
      'malformed',
    ],
    [
      'white space in its structure',
      (name, value) => (name === 'signature-input' ? value.replace('=(', '= (') : value),
      'malformed',
    ],
  ])('with %s', async (_, change, code) => {
    expect(await codeOf(worded(await signed(), change))).toBe(code)
  })

  test('counts by its tag, whatever others stand beside it', async () => {
    const tagged = await signed({ label: 'mine', tag: 'sallyport' })
    const both = await signed({ label: 'other', tag: 'elsewhere' }, tagged)
    expect(await codeOf(both, { tag: 'sallyport' })).toBe('verified')
    expect(await codeOf(both)).toBe('ambiguous')
    expect(await codeOf(both, { tag: 'third' })).toBe('missing')
  })

  test('with another body is refused, and with a digest that we do not know alone', async () => {
    const other = new TextEncoder().encode('{"amount":999}')
    expect(await codeOf(await signed(), {}, { body: other })).toBe('digest')
    const unknown = { ...plain, fields: [['content-digest', 'md5=:AAAA:']] as const }
    expect(await codeOf(await signed({}, unknown))).toBe('digest')
  })

  test('with a nonce is good once, and without one not at all where one is needed', async () => {
    const seen = createSeenOnce(1)
    const message = await signed({ nonce: 'n1' })
    expect(await codeOf(await signed(), { seen })).toBe('parameters')
    expect(await codeOf(message, { seen })).toBe('verified')
    expect(await codeOf(message, { seen })).toBe('replayed')
    expect(await codeOf(await signed({ nonce: 'n2' }), { seen })).toBe('replay_memory_full')
  })

  test('by a shared secret is verified under it, and under no other kind of key', async () => {
    const mac = await importSignatureKey('k1', 'hmac-sha256', secret, 'sign')
    const message = await signed({}, plain, mac)
    const same = await importSignatureKey('k1', 'hmac-sha256', secret, 'verify')
    expect(await codeOf(message, {}, { key: same })).toBe('verified')
    expect(await codeOf(message)).toBe('wrong')
  })
})

test('a message without a component that is to be covered is not signed', async () => {
  await expect(signed({ covered: ['"x-none"'] })).rejects.toMatchObject({ code: 'identity.signature_base' })
  await expect(signed({ covered: ['x'], label: 'a b' })).rejects.toMatchObject({ code: 'identity.signature_base' })
})

test('a key that is weak, or of another kind, is none', async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  const refused = { code: 'identity.signature_key' }
  await expect(importSignatureKey('k', 'hmac-sha256', secret.slice(1), 'sign')).rejects.toMatchObject(refused)
  await expect(importSignatureKey('k', 'ed25519', jwk, 'verify')).rejects.toMatchObject(refused)
  await expect(importSignatureKey('k', 'ecdsa-p256-sha256', secret, 'verify')).rejects.toMatchObject(refused)
  await expect(importSignatureKey('k', 'hmac-sha256', jwk, 'verify')).rejects.toMatchObject(refused)
  const rsaOf = (modulusLength: number): JWK => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
    return privateKey.export({ format: 'jwk' })
  }
  await expect(importSignatureKey('k', 'rsa-pss-sha512', rsaOf(1_024), 'sign')).rejects.toMatchObject(refused)
  expect(await importSignatureKey('k', 'rsa-pss-sha512', rsaOf(2_048), 'sign')).toMatchObject({ id: 'k' })
  const anyMessage = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } // of order 4
  await expect(importSignatureKey('k', 'ed25519', anyMessage, 'verify')).rejects.toMatchObject(refused)
  expect(await importSignatureKey('k', 'ecdsa-p256-sha256', jwk, 'verify')).toMatchObject({ id: 'k' })
})

test.each<[string, boolean]>([
  ['sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:', true],
  ['sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, md5=:AAAA:', true],
  ['sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AAAA:', false],
  ['sha-512=:AAAA:', false],
  ['md5=:AAAA:', false],
  ['sha-256=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:', false],
  [
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    false,
  ],
  ['sha-256="X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="', false],
  ['', false],
])('the digest %s fits the body of RFC 9530: %s', async (field, fits) => {
  expect(await fitsDigest(field, new TextEncoder().encode('{"hello": "world"}'))).toBe(fits)
})
