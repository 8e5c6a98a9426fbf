import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type ExpressionKind, parseExpression } from './expression.ts'

const names = { '#d': 'a.b', '#s': 'status' }
const attributes = (kind: ExpressionKind, text: string): readonly string[] | undefined =>
  parseExpression(kind, text, names)?.attributes

describe('parseExpression', () => {
  const read: readonly [ExpressionKind, string, readonly string[]][] = [
    ['projection', 'a, b.c[10].d, #s.x, #d', ['a', 'b', 'status', 'a.b']],
    ['condition', 'a BETWEEN :x AND :y and b = :z', ['a', 'b']],
    ['condition', 'not (attribute_type(a, :t) or contains(b, c))', ['a', 'b', 'c']],
    ['condition', 'size(a.b) > :n AND size = :n', ['a', 'size']],
    ['condition', 'a in (:x, b, c.d)', ['a', 'b', 'c']],
    [
      'update',
      'set a = a + :x, b[0] = list_append(if_not_exists(c, :e), d) remove e, #s add f :n',
      ['a', 'b', 'c', 'd', 'e', 'status', 'f'],
    ],
  ]
  for (const [kind, text, expected] of read) {
    it(`reads ${text}`, () => expect(attributes(kind, text)).toEqual(expected))
  }

  const refused: readonly [ExpressionKind, string][] = [
    ['projection', ''],
    ['projection', 'a,'],
    ['projection', 'a b'],
    ['projection', 'a[b]'],
    ['projection', 'a..b'],
    ['projection', '#unknown'],
    ['projection', 'a"b'],
    ['projection', 'a -- b'],
    ['projection', 'size(a)'],
    ['condition', ''],
    ['condition', 'a'],
    ['condition', 'a = '],
    ['condition', 'a = :x AND'],
    ['condition', '(a = :x'],
    ['condition', 'nosuch(a)'],
    ['condition', 'a = :x b = :y'],
    ['condition', 'a IN ()'],
    ['condition', 'a LIKE :x'],
    ['condition', 'and = :x'],
    ['condition', 'contains(a)'],
    ['condition', 'contains(a, b'],
    ['condition', 'size(a = :x'],
    ['condition', 'a BETWEEN :x OR :y'],
    ['condition', 'a IN :x'],
    ['condition', 'a IN (:x'],
    ['update', 'ADD a b'],
    ['update', 'DELETE a b'],
    ['update', 'SET a :x'],
    ['update', `SET a = ${'if_not_exists(a, '.repeat(200)}:x${')'.repeat(200)}`],
    ['update', 'SET a = (:x'],
    ['projection', 'a[0'],
    ['projection', 'a["0"]'],
    ['update', 'a = :x'],
    ['update', 'SET'],
    ['update', 'SET a = :x SET b = :y'],
    ['update', 'REMOVE a = :x'],
    ['update', 'constructor a'],
    ['condition', '('.repeat(2000) + 'a = :x' + ')'.repeat(2000)],
    ['projection', 'a,'.repeat(3000) + 'a'],
  ]
  for (const [kind, text] of refused) {
    it(`refuses ${kind} ${JSON.stringify(text.slice(0, 30))}`, () => expect(attributes(kind, text)).toBeUndefined())
  }

  it('never loses a path: what is written is what is named', () => {
    const word = fc.stringMatching(/^[a-z]{3,8}[0-9]$/)
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 8 }), (paths) => {
        expect(attributes('projection', paths.map((path) => `${path}.x[1]`).join(' , '))).toEqual(paths)
        expect(attributes('update', `REMOVE ${paths.join(',')}`)).toEqual(paths)
        expect(attributes('condition', paths.map((path) => `attribute_exists(${path})`).join(' AND '))).toEqual(paths)
      }),
      { numRuns: 100 },
    )
  })

  it('ends quickly on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab#:.,()[]=<>+- NOTANDOR1')) }), (text) => {
        for (const kind of ['condition', 'projection', 'update'] as const) parseExpression(kind, text, names)
      }),
      { numRuns: 300 },
    )
  })
})
