import { createECDH } from 'node:crypto'

import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'

import { encodeBase64url } from '../encoding/base64url.ts'
import { parseJws } from '../token/parse-jwt.ts'
import { importKey, verifyJws } from './key-record.ts'

// The curve itself (RFC 8032 §5.1), so that the list is not believed because it is a list.
const p = 2n ** 255n - 19n
const mod = (value: bigint): bigint => ((value % p) + p) % p
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let bit = mod(base), left = exponent; left > 0n; left >>= 1n, bit = mod(bit * bit)) {
    if ((left & 1n) === 1n) result = mod(result * bit)
  }
  return result
}
const d = mod(-121_665n * power(121_666n, p - 2n))

type Point = readonly [x: bigint, y: bigint]

function twice([x, y]: Point): Point {
  const product = mod(d * x * x * y * y)
  return [mod(2n * x * y * power(1n + product, p - 2n)), mod((y * y + x * x) * power(1n - product, p - 2n))]
}

/** The point of a `y`, if there is one (§5.1.3). */
function pointOf(y: bigint): Point | undefined {
  const square = mod((y * y - 1n) * power(d * y * y + 1n, p - 2n))
  const root = power(square, (p + 3n) / 8n)
  const x = [root, mod(root * power(2n, (p - 1n) / 4n))].find((one) => mod(one * one) === square)
  return x === undefined ? undefined : [x, mod(y)]
}

const littleEndian = (value: bigint, sign: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n) | (at === 31 ? sign : 0))

const orderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n
const ys = [0n, 1n, p - 1n, orderEight, p - orderEight, p, p + 1n]

for (const [at, y] of ys.entries()) {
  test(`a key of Ed25519 is no point of small order: ${at}`, async () => {
    const point = pointOf(y)
    if (point === undefined) throw new Error('there is no such point')
    expect(twice(twice(twice(point)))).toEqual([0n, 1n])
    for (const sign of [0, 0x80]) {
      const x = encodeBase64url(littleEndian(y, sign))
      expect(await importKey({ kty: 'OKP', crv: 'Ed25519', x })).toBeUndefined()
    }
  })
}

test('a key of Ed25519 that somebody made is one, and verifies by both names of its algorithm (RFC 9864)', async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  for (const said of [{}, { alg: 'EdDSA' }, { alg: 'Ed25519' }]) {
    const record = await importKey({ ...(await exportJWK(publicKey)), ...said })
    if (record === undefined) throw new Error('it is a key')
    for (const alg of ['EdDSA', 'Ed25519']) {
      const jws = parseJws(await new CompactSign(new Uint8Array(1)).setProtectedHeader({ alg }).sign(privateKey))
      if (jws.kind === 'refused') throw new Error(jws.code)
      expect(await verifyJws(jws, record)).toBeUndefined()
      expect(await verifyJws({ ...jws, algorithm: 'ES256' }, record)).toMatchObject({ code: 'token.algorithm' })
    }
  }
})

test('a key of a curve has its coordinates in full: without its leading zero it is none', async () => {
  const curve = createECDH('prime256v1')
  let point = Buffer.alloc(0)
  for (let secret = 1; point[1] !== 0; secret++) {
    curve.setPrivateKey(Buffer.from(secret.toString(16).padStart(64, '0'), 'hex'))
    point = curve.getPublicKey()
  }
  const [x, stripped] = [point.subarray(1, 33), point.subarray(2, 33)]
  const jwk = { kty: 'EC', crv: 'P-256', y: encodeBase64url(point.subarray(33)) }
  expect(await importKey({ ...jwk, x: encodeBase64url(x) })).toMatchObject({ algorithm: 'ES256' })
  expect(await importKey({ ...jwk, x: encodeBase64url(stripped) })).toBeUndefined()
  expect(await importKey({ ...jwk, x: encodeBase64url(Buffer.concat([Buffer.alloc(1), x])) })).toBeUndefined()
})
