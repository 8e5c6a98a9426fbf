import fc from 'fast-check'
import { expect, test } from 'vitest'

import { prefixTree, suffixTree } from './text-tree.ts'

// Far apart, and half a surrogate pair, so that children lie near and far from each other.
const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u{ffff}', '中', '😀', ' '), maxLength: 5 })
const texts = fc.uniqueArray(text, { maxLength: 12 })

test('on the walk along a text lie exactly the entries that it begins with, or ends with', () => {
  fc.assert(
    fc.property(texts, text, (entries, asked) => {
      const pairs = entries.map((entry) => [entry, entry] as const)
      const seen = { prefix: new Set<string>(), suffix: new Set<string>() }
      const note = (value: string, into: Set<string>): boolean => into.add(value) === undefined
      prefixTree(pairs).some(asked, note, seen.prefix)
      suffixTree(pairs).some(asked, note, seen.suffix)
      expect([...seen.prefix].toSorted()).toEqual(entries.filter((entry) => asked.startsWith(entry)).toSorted())
      expect([...seen.suffix].toSorted()).toEqual(entries.filter((entry) => asked.endsWith(entry)).toSorted())
    }),
  )
})

test('the first yes ends the walk', () => {
  const tree = prefixTree([
    ['', 1],
    ['a', 2],
    ['ab', 3],
  ])
  const asked: number[] = []
  expect(tree.some('abc', (value) => asked.push(value) === 2, undefined)).toBe(true)
  expect(asked).toEqual([1, 2])
})
