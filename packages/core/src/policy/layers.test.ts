import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { makeAnswerer } from './index.ts'
import { smallCatalogue } from './testing/catalogue.ts'

interface LayerCase {
  readonly name: string
  readonly trap: string
  readonly query: object
  readonly expect: { readonly effect: 'allow' | 'deny'; readonly explicit: boolean; readonly layer: string }
}

// The file is ours, and the test fails where it is not as declared.
const cases = JSON.parse(readFileSync(new URL('golden/layers.json', import.meta.url), 'utf8')) as readonly LayerCase[]
const answer = makeAnswerer(smallCatalogue)

describe('layers and principals, each case by name', () => {
  test('there are cases, and no two of one name', () => {
    expect(cases.length).toBeGreaterThan(90)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  // Not `test.for`: it shortens long names.
  for (const { trap, name, query, expect: wanted } of cases) {
    test(`${trap} ${name}`, () => {
      const { effect, explicit, layer, error } = answer(JSON.stringify(query))
      expect(error).toBeUndefined()
      expect({ effect, explicit, layer }).toEqual(wanted)
    })
  }
})
