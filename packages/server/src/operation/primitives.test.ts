import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { importKey, parseJws, verifyJws } from '@sallyport/core/identity'
import { isObject } from '@sallyport/core/json'
import { describe, expect, test } from 'vitest'

import { nodePrimitives } from './primitives.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? join(import.meta.dirname, '../../../../../shared/suites')
const folder = join(suites, 'wycheproof/testvectors_v1')

interface Vectors {
  readonly testGroups: readonly {
    readonly public?: unknown
    readonly private?: unknown
    readonly tests: readonly { readonly tcId: number; readonly jws?: string; readonly jwe?: string }[]
  }[]
}

function publicHalf(key: unknown): unknown {
  if (!isObject(key) || key['kty'] === 'oct') return key
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...half } = key
  return half
}

describe('Wycheproof', () => {
  for (const name of ['json_web_signature', 'json_web_key', 'json_web_crypto']) {
    const title = `${name}: Node's crypto accepts what WebCrypto accepts, and nothing else`
    test.skipIf(!existsSync(folder))(
      existsSync(folder) ? title : `skipped: ${folder} is not there: ${title}`,
      async () => {
        const { testGroups }: Vectors = JSON.parse(readFileSync(join(folder, `${name}_test.json`), 'utf8'))
        const accepted = { node: new Array<number>(), web: new Array<number>() }
        for (const { public: known, private: pair, tests } of testGroups) {
          const keys = isObject(known ?? pair) && Array.isArray(Reflect.get(Object(known ?? pair), 'keys'))
          const source: readonly unknown[] = keys ? Reflect.get(Object(known ?? pair), 'keys') : [known ?? pair]
          for (const { tcId, jws, jwe } of tests) {
            const parsed = parseJws(String(jws ?? jwe))
            if (parsed.kind === 'refused') continue
            const named = source.filter((key) => source.length === 1 || (isObject(key) && key['kid'] === parsed.keyId))
            if (named.length !== 1) continue
            for (const [who, primitives] of [
              ['node', nodePrimitives],
              ['web', undefined],
            ] as const) {
              const record = await importKey(publicHalf(named[0]), primitives)
              if (record !== undefined && (await verifyJws(parsed, record)) === undefined) accepted[who].push(tcId)
            }
          }
        }
        expect(accepted.web.length).toBeGreaterThan(0)
        expect(accepted.node).toEqual(accepted.web)
      },
    )
  }
})

const algorithms = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'PS512', 'EdDSA'] as const
const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

function pairOf(alg: string): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (alg.startsWith('ES')) return generateKeyPairSync('ec', { namedCurve: curves[alg] ?? '' })
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function signed(alg: string, key: KeyObject, text: Buffer): Buffer {
  const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  if (alg.startsWith('ES')) return sign(digest, text, { key, dsaEncoding: 'ieee-p1363' })
  if (!alg.startsWith('PS')) return sign(digest, text, key)
  return sign(digest, text, { key, padding: 6, saltLength: Number(alg.slice(2)) / 8 })
}

describe('a signature', () => {
  for (const alg of algorithms) {
    test(`of ${alg} is this key's over these bytes, whatever its numbers begin with`, async () => {
      const { publicKey, privateKey } = pairOf(alg)
      const record = await importKey({ ...publicKey.export({ format: 'jwk' }), alg }, nodePrimitives)
      const rounds = alg === 'ES256' ? 400 : 3 // one in 128 of ECDSA's has a number that is a byte shorter
      for (let round = 0; round < rounds; round++) {
        const text = Buffer.from(`text ${round}`)
        const signature = new Uint8Array(signed(alg, privateKey, text))
        expect(await record?.key.verify(new Uint8Array(text), signature), `round ${round}`).toBe(true)
        signature[round % signature.length] = (signature[round % signature.length] ?? 0) ^ 1
        expect(await record?.key.verify(new Uint8Array(text), signature), `changed ${round}`).toBe(false)
      }
    })
  }

  test('of ECDSA whose numbers are nought, or all ones, is refused and throws nothing', async () => {
    const { publicKey } = pairOf('ES256')
    const record = await importKey({ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }, nodePrimitives)
    for (const byte of [0, 255, 128]) {
      expect(await record?.key.verify(new Uint8Array([1]), new Uint8Array(64).fill(byte))).toBe(false)
    }
  })
})

test('what makes no key is none: a point off the curve, a modulus too short', async () => {
  const jwk = pairOf('ES256').publicKey.export({ format: 'jwk' })
  expect(await importKey({ ...jwk, alg: 'ES256' }, nodePrimitives)).toBeDefined()
  expect(await importKey({ ...jwk, y: jwk.x, alg: 'ES256' }, nodePrimitives)).toBeUndefined()
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  expect(await importKey({ ...short, alg: 'RS256' }, nodePrimitives)).toBeUndefined()
})
