import { type HttpRequest, importSignatureKey, signHttpMessage, verifyHttpSignature } from '@sallyport/core/identity'
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { ask, type Harness } from '../testing/harness.ts'
import { openStripe, type PlainUpstream, type Seen, startUpstream } from '../testing/stripe-door.ts'

let upstream: PlainUpstream
let harness: Harness
let signRequest: (message: HttpRequest, covered: readonly string[]) => Promise<readonly (readonly [string, string])[]>
let verdictOf: (seen: Seen, changes?: Partial<HttpRequest>) => Promise<string>

beforeEach(async () => {
  upstream = await startUpstream()
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const signing = await importSignatureKey('k', 'ed25519', await exportJWK(pair.privateKey), 'sign')
  const verifying = await importSignatureKey('k', 'ed25519', await exportJWK(pair.publicKey), 'verify')
  const nowSeconds = Math.floor(Date.now() / 1_000)
  signRequest = async (message, names) => {
    const covered = names.map((name) => `"${name}"`)
    const made = await signHttpMessage(message, { label: 's', covered, createdSeconds: nowSeconds }, signing)
    return [
      ['signature-input', made.signatureInput],
      ['signature', made.signature],
    ]
  }
  /** As the far side judges what came over its socket. */
  verdictOf = async ({ method, url, headers, body }, changes = {}) => {
    const verdict = await verifyHttpSignature({
      message: {
        kind: 'request',
        method,
        scheme: 'http',
        authority: headers.host ?? '',
        requestTarget: url,
        fields: Object.entries(headers).map(([name, value]) => [name, String(value)] as const),
        ...changes,
      },
      body: new TextEncoder().encode(body),
      keyOf: () => verifying,
      policy: { required: ['@method', '@target-uri'], maxAgeSeconds: 60, skewSeconds: 5 },
      nowSeconds,
    })
    return verdict.kind === 'verified' ? verdict.covered.join(' ') : verdict.code
  }
})

afterEach(async () => {
  await harness.close()
  await upstream.close()
})

const address = 'https://api.stripe.com/v1/payment_intents'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const charge = 'amount=5&currency=chf'

test('a door that signs sends what the far side can hold against its key: method, address, type and body', async () => {
  harness = await openStripe(upstream.origin, { add: 'auth: signature', rooms: { signRequest } })
  expect(await ask(harness, address, { method: 'POST', headers: form, body: charge })).toMatchObject({ status: 200 })
  const [seen] = upstream.seen
  if (seen === undefined) throw new Error('nothing came')
  expect(await verdictOf(seen)).toBe('@method @target-uri content-type content-digest')
  expect(await verdictOf({ ...seen, body: 'amount=500&currency=chf' })).toBe('http-signature.digest')
  expect(await verdictOf({ ...seen, url: '/v1/refunds' })).toBe('http-signature.wrong')
  expect(await verdictOf({ ...seen, method: 'PUT' })).toBe('http-signature.wrong')
  expect(harness.decisions.at(-1)).toMatchObject({ effect: 'allow', durability: 'synced' })
})

test('the token of the function is signed along, and nothing that the function signed itself goes out', async () => {
  const add = 'auth: { identity: https://bank.example, signature: true }\n    accept: [signature, signature-input]'
  harness = await openStripe(upstream.origin, { add, rooms: { signRequest } })
  const own = { ...form, signature: 'x=:AA==:', 'signature-input': 'x=("@method")', 'content-digest': 'sha-256=:AA==:' }
  expect(await ask(harness, address, { method: 'POST', headers: own, body: charge })).toMatchObject({ status: 200 })
  const [seen] = upstream.seen
  if (seen === undefined) throw new Error('nothing came')
  expect(seen.headers.authorization).toBe('Bearer identity of payments for https://bank.example')
  expect(await verdictOf(seen)).toBe('@method @target-uri authorization content-type content-digest')
  const headers = { ...seen.headers, authorization: 'Bearer of somebody else' }
  expect(await verdictOf({ ...seen, headers })).toBe('http-signature.wrong')
})

test('a request without a body is signed without a digest', async () => {
  harness = await openStripe(upstream.origin, { add: 'auth: signature', rooms: { signRequest } })
  expect(await ask(harness, address)).toMatchObject({ status: 200 })
  const [seen] = upstream.seen
  if (seen === undefined) throw new Error('nothing came')
  expect([seen.headers['content-digest'], await verdictOf(seen)]).toEqual([undefined, '@method @target-uri'])
})

test('a body that comes in chunks is read whole before it is signed', async () => {
  harness = await openStripe(upstream.origin, { add: 'auth: signature', rooms: { signRequest } })
  const headers = { ...form, 'transfer-encoding': 'chunked' }
  const body = `${charge}&note=${'x'.repeat(200_000)}` // more than comes with its head
  expect(await ask(harness, address, { method: 'POST', headers, body })).toMatchObject({ status: 200 })
  const [seen] = upstream.seen
  if (seen === undefined) throw new Error('nothing came')
  expect([seen.body, await verdictOf(seen)]).toEqual([body, '@method @target-uri content-type content-digest'])
})
