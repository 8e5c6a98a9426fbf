import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { importKey, verifyJws } from './key-record.ts'
import { parseJws } from './parse-jwt.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? join(import.meta.dirname, '../../../../../shared/suites')
const file = join(suites, 'wycheproof/testvectors_v1/json_web_signature_test.json')

const isThere = existsSync(file)
const vectors: Vectors = isThere ? JSON.parse(readFileSync(file, 'utf8')) : { testGroups: [] }

interface Vectors {
  readonly testGroups: readonly {
    readonly public?: unknown
    readonly private?: unknown
    readonly tests: readonly { readonly tcId: number; readonly jws: string; readonly result: 'valid' | 'invalid' }[]
  }[]
}

/** Vectors that are valid and that we refuse on purpose. */
const refusedOnPurpose = {
  // An issuer's key is public, so nothing with a MAC can come from one.
  symmetric: [1, 348, 352, 357, 358, 359, 376, 377],
  // The token's algorithm is not its key's, or the key's (`ES521`) does not exist.
  algorithmOfTheKey: [346, 347, 350, 351],
  // A character outside of the alphabet is inserted: one token would have two spellings.
  spelling: [372, 373],
}

/**
 * The group about spelling is signed with a MAC, so it is shown on the parser, before any key is asked.
 * 367 and 370 are called invalid but are the very text of 357, which is valid: no parser can tell them apart.
 */
const spelling = { first: 357, last: 377, sameTextAsAValidOne: [367, 370] }

async function accepts(key: unknown, jws: string): Promise<boolean> {
  const record = await importKey(key)
  const parsed = parseJws(jws)
  if (record === undefined || parsed.kind === 'refused') return false
  return (await verifyJws(parsed, record)) === undefined
}

describe('Wycheproof json_web_signature', () => {
  test.skipIf(!isThere)(
    isThere ? 'accepts no invalid vector, and refuses only named valid ones' : `skipped: ${file} is not there`,
    async () => {
      const accepted = { valid: new Array<number>(), invalid: new Array<number>() }
      const refused = { valid: new Array<number>(), invalid: new Array<number>() }
      for (const group of vectors.testGroups) {
        for (const { tcId, jws, result } of group.tests) {
          const verdict = (await accepts(group.public ?? group.private, jws)) ? accepted : refused
          verdict[result].push(tcId)
        }
      }
      expect(accepted.invalid).toEqual([])
      expect(refused.invalid.length).toBe(355)
      expect(refused.valid).toEqual(
        Object.values(refusedOnPurpose)
          .flat()
          .toSorted((a, b) => a - b),
      )
      expect(accepted.valid.length).toBe(46 - refused.valid.length)
    },
  )

  test.skipIf(!isThere)(isThere ? 'parses one spelling only' : `spelling, skipped: ${file} is not there`, () => {
    const tests = vectors.testGroups
      .flatMap((group) => group.tests)
      .filter(({ tcId }) => tcId >= spelling.first && tcId <= spelling.last)
      .filter(({ tcId }) => !spelling.sameTextAsAValidOne.includes(tcId))
    expect(tests.length).toBe(19)
    for (const { tcId, jws, result } of tests) {
      const isParsed = result === 'valid' && !refusedOnPurpose.spelling.includes(tcId)
      expect(parseJws(jws).kind, `tcId ${tcId}`).toBe(isParsed ? 'parsed' : 'refused')
    }
  })
})
