import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { isObject } from '@sallyport/core/json'

import { importKey, type KeyRecord, verifyJws } from './key-record.ts'
import { parseJws } from '../token/parse-jwt.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? join(import.meta.dirname, '../../../../../../shared/suites')
const folder = join(suites, 'wycheproof/testvectors_v1')

interface Vector {
  readonly tcId: number
  readonly jws?: unknown
  readonly jwe?: unknown
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Vectors {
  readonly testGroups: readonly { readonly public?: unknown; readonly private?: unknown; readonly tests: Vector[] }[]
}

/** Valid vectors that are refused on purpose, by file and reason. Everything else must agree. */
const refusedOnPurpose: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  json_web_signature: {
    "a MAC: an issuer's key is public, so nothing with a MAC can come from one": [1, 348, 352, 357, 358, 359, 376, 377],
    "the token's algorithm is not its key's, or the key's (ES521) does not exist": [346, 347, 350, 351],
    'a character outside of the alphabet is inserted: one token would have two spellings': [372, 373],
  },
  json_web_key: { 'a MAC, as above': [2, 13, 14, 15] },
  json_web_crypto: {
    'a MAC, as above': [1, 48],
    'an encrypted token (JWE): whoever can read it is not thereby who signed it': [50, 67],
  },
}

const counts: Readonly<Record<string, { readonly agreed: number; readonly invalid: number }>> = {
  json_web_signature: { agreed: 32, invalid: 355 },
  json_web_key: { agreed: 1, invalid: 21 },
  json_web_crypto: { agreed: 2, invalid: 77 },
}

/**
 * The group about spelling is signed with a MAC, so it is shown on the parser, before any key is asked.
 * 367 and 370 are called invalid but are the very text of 357, which is valid: no parser can tell them apart.
 */
const spelling = { first: 357, last: 377, sameTextAsAValidOne: [367, 370] }

/** The file's vectors; none when it is not there, and the test that asks for them is then skipped by name. */
function vectorsOf(name: string): Vectors {
  const file = join(folder, `${name}_test.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { testGroups: [] }
}

/** The suite gives pairs of keys; an issuer publishes one half, and a key with its private half is refused. */
function publicHalf(key: unknown): unknown {
  if (!isObject(key) || key['kty'] === 'oct') return key
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...half } = key
  return half
}

async function recordFor(source: unknown, keyId: string | undefined): Promise<KeyRecord | undefined> {
  const keys: readonly unknown[] = isObject(source) && Array.isArray(source['keys']) ? source['keys'] : [source]
  const named = keys.filter((key) => keys.length === 1 || (isObject(key) && key['kid'] === keyId))
  return named.length === 1 ? importKey(publicHalf(named[0])) : undefined
}

async function accepts(source: unknown, { jws, jwe }: Vector): Promise<boolean> {
  const parsed = parseJws(String(jws ?? jwe))
  if (parsed.kind === 'refused') return false
  const record = await recordFor(source, parsed.keyId)
  return record !== undefined && (await verifyJws(parsed, record)) === undefined
}

const isThere = existsSync(folder)
const orSkipped = (name: string): string => (isThere ? name : `skipped: ${folder} is not there: ${name}`)

describe('Wycheproof', () => {
  test.skipIf(!isThere).each(Object.keys(refusedOnPurpose))(
    orSkipped('%s: no invalid vector is accepted, and no valid one refused but those named'),
    async (name) => {
      const accepted: Record<Vector['result'], number[]> = { valid: [], invalid: [], acceptable: [] }
      const refused: Record<Vector['result'], number[]> = { valid: [], invalid: [], acceptable: [] }
      for (const group of vectorsOf(name).testGroups) {
        for (const vector of group.tests) {
          const verdict = (await accepts(group.public ?? group.private, vector)) ? accepted : refused
          verdict[vector.result].push(vector.tcId)
        }
      }
      expect(accepted.invalid).toEqual([])
      const named = Object.values(refusedOnPurpose[name] ?? {}).flat()
      expect(refused.valid).toEqual(named.toSorted((a, b) => a - b))
      expect({ agreed: accepted.valid.length, invalid: refused.invalid.length }).toEqual(counts[name])
    },
  )

  test.skipIf(!isThere)(orSkipped('json_web_encryption: no encrypted token is taken for a signed one'), async () => {
    const groups = vectorsOf('json_web_encryption').testGroups
    expect(groups.flatMap(({ tests }) => tests)).toHaveLength(139)
    for (const group of groups) {
      for (const vector of group.tests) {
        expect(await accepts(group.public ?? group.private, vector), `tcId ${vector.tcId}`).toBe(false)
      }
    }
  })

  test.skipIf(!isThere)(orSkipped('x25519_jwk: no key for key agreement verifies anything'), async () => {
    const keys = vectorsOf('x25519_jwk').testGroups.flatMap(({ tests }) => tests.map((vector) => ({ ...vector })))
    expect(keys).toHaveLength(531)
    for (const key of keys) {
      const half = publicHalf(Reflect.get(key, 'public'))
      // A few vectors hold a key of another kind, to see whether it is noticed in a key agreement.
      if (isObject(half) && half['kty'] === 'OKP') expect(await importKey(half), `tcId ${key.tcId}`).toBeUndefined()
    }
  })

  test.skipIf(!isThere)(orSkipped('json_web_signature: one spelling only is parsed'), () => {
    const tests = vectorsOf('json_web_signature')
      .testGroups.flatMap((group) => group.tests)
      .filter(({ tcId }) => tcId >= spelling.first && tcId <= spelling.last)
      .filter(({ tcId }) => !spelling.sameTextAsAValidOne.includes(tcId))
    expect(tests.length).toBe(19)
    for (const { tcId, jws, result } of tests) {
      const isParsed = result === 'valid' && ![372, 373].includes(tcId)
      expect(parseJws(String(jws)).kind, `tcId ${tcId}`).toBe(isParsed ? 'parsed' : 'refused')
    }
  })
})
