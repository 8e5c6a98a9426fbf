import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type JsonNode, nodeOf, parseJson } from './json.ts'

function plain(node: JsonNode): unknown {
  if (node.kind === 'object') return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]))
  if (node.kind === 'array') return node.items.map(plain)
  return node.kind === 'null' ? null : node.value
}

test('reads what JSON.parse reads, to the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const parsed = parseJson(text)
      // Half surrogate pairs are JSON to the platform and not to us.
      if ('problem' in parsed) return !JSON.stringify(JSON.parse(text)).isWellFormed() || /\\ud[89a-f]/i.test(text)
      expect(plain(parsed.node)).toEqual(JSON.parse(text))
      return true
    }),
    { numRuns: 300, seed: 7 },
  )
})

test('refuses what JSON.parse refuses', () => {
  const noise = fc.array(
    fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '1', '-', '.', 'e', 'true', 'null', ' ', '\\', 'u00', 'a'),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(noise, (tokens) => {
      const text = tokens.join('')
      let refused = false
      try {
        JSON.parse(text)
      } catch {
        refused = true
      }
      return 'problem' in parseJson(text) === refused
    }),
    { numRuns: 3000, seed: 7 },
  )
})

test('keeps a member called __proto__ as a member', () => {
  const parsed = parseJson('{"__proto__": 1}')
  expect(parsed).toMatchObject({ node: { members: [{ key: '__proto__' }] } })
  expect(nodeOf(JSON.parse('{"__proto__": 1}'))).toMatchObject({ node: { members: [{ key: '__proto__' }] } })
})
