import fc from 'fast-check'
import { expect, test } from 'vitest'

import { request } from '../testing/policies.ts'
import { decide } from './decide.ts'
import { compile } from './policy-set.ts'
import { hashOf, prefixTable } from './prefix-table.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u{ffff}', '中', '😀', ' '), maxLength: 5 })

/** The entries that are asked about, in their order, and that the text does begin with. */
function begun(entries: readonly string[], asked: string): readonly string[] | undefined {
  const seen: string[] = []
  const note = (entry: number, length: number): boolean => {
    const found = entries[entry] ?? 'none'
    if (found === asked.slice(0, length)) seen.push(found)
    return false
  }
  const table = prefixTable(entries)
  table?.some(asked, note, undefined)
  return table === undefined ? undefined : seen
}

test('every entry that a text begins with is asked about, the shortest first, and twice where it stands twice', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), text, (entries, asked) => {
      const expected = entries.filter((entry) => asked.startsWith(entry)).toSorted((a, b) => a.length - b.length)
      expect(begun(entries, asked)).toEqual(expected)
    }),
  )
})

test('the first yes ends the look-up', () => {
  const asked: number[] = []
  expect(prefixTable(['', 'a', 'ab'])?.some('abc', (entry) => asked.push(entry) === 2, undefined)).toBe(true)
  expect(asked).toEqual([0, 1])
})

/** What patterns begin with that fall together in a table of 128 places. */
const together = Array.from({ length: 20_000 }, (_, index) => `arn:aws:s3:::b${index}/`)
  .filter((name) => (hashOf(name) & 127) === 0)
  .slice(0, 40)

test('whoever chooses texts that fall together does not make a look-up longer', () => {
  expect(together).toHaveLength(40)
  expect(prefixTable(together)).toBeUndefined()
  expect(prefixTable(together.slice(0, 30))).toBeDefined()
  const set = compile({
    identity: together.map((name, index) => ({
      name,
      document: {
        Version: '2012-10-17',
        Statement: [{ Sid: `s${index}`, Effect: 'Allow', Action: 's3:GetObject', Resource: [`${name}*`, `${name}x`] }],
      },
    })),
  })
  for (const [index, name] of together.entries()) {
    const asked = (resource: string) => decide(set, [request({ action: 's3:GetObject', resource })])
    for (const end of ['', 'x', 'y']) {
      expect(asked(name + end)).toMatchObject({ effect: 'allow', reasons: [{ rule: `s${index}` }] })
    }
    expect(asked(`${name.slice(0, -1)}x`).effect).toBe('deny')
  }
})
