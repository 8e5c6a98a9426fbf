import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'

import { compilePattern } from './pattern.ts'

function judge(source: string, text: string, steps = 100_000): boolean | undefined | string {
  const compiled = compilePattern(source)
  return compiled.kind === 'refused' ? compiled.why : compiled.test(text, { steps })
}

test.each([
  ['^(\\w+\\s?)*$', 'one two'],
  ['^(\\w+\\s?)*$', 'one!'],
  ['a{2,3}b', 'xaaab'],
  ['^(?:a{2}|b{2,})+?$', 'aabbb'],
  ['^(?:a{2}|b{2,})+?$', 'aab'],
  ['^[^\\]a-z]+$', 'A]'],
  ['[\\]](x|$)', ']'],
  ['\\u{1F600}|\\uD83D\\uDE01', '😁'],
  ['^.$', '😀'],
  ['^\\p{L}+(-\\p{L}+)*$', 'é-ß'],
  ['\\bfoo\\b|\\Bbar', 'a foo'],
  ['\\bfoo\\b|\\Bbar', 'afoob bar'],
  ['(?<year>\\d{4})-\\x30\\d', '2026-01'],
  ['(|a)\\/\\cJ', '/\n'],
  ['^(?:)$', ''],
  ['^[a-z0-9+=]*$', 'abc='],
  ['[]', 'a'],
  ['a{2}b{0}c', 'aac'],
])('%s judges %j as the runtime does', (source, text) => {
  expect(judge(source, text)).toBe(new RegExp(source, 'u').test(text))
})

it('judges whatever it takes as the runtime does', () => {
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\b', '^', '$', '😀', ''),
      fc.tuple(tie('expression'), tie('expression')).map((parts) => parts.join('')),
      fc.tuple(tie('expression'), tie('expression')).map((parts) => `(${parts.join('|')})`),
      fc
        .tuple(tie('expression'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'))
        .map(([inner, times]) => `(?:${inner})${times}`),
    ),
  }))
  const text = fc.array(fc.constantFrom('a', 'b', '😀', ' ', '\n'), { maxLength: 6 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(expression, text, (source, given) => {
      expect(judge(source, given)).toBe(new RegExp(source, 'u').test(given))
    }),
  )
})

describe('a pattern', () => {
  it('costs its length times that of the text, whatever stands there', () => {
    for (const source of ['^(\\w+\\s?)*$', '^(a|a)*$', '^(a{1,20}){1,20}$', 'a*a*a*a*b'])
      expect(judge(source, `${'a'.repeat(50)}!`)).toBe(false)
  })

  it('gives no answer where the budget does not suffice', () => {
    expect(judge('(a|b)*c', 'ab'.repeat(100), 100)).toBeUndefined()
    for (const source of ['[ab]{600}c', '^[ab]*[ab]{600}c', `${'[ab]'.repeat(600)}c`])
      expect(judge(source, 'a'.repeat(10_000)), source).toBeUndefined()
    expect(judge('^[ab]{6000}$', 'a'.repeat(6_000))).toBe(true)
    expect(judge('^[ab]+$', 'a'.repeat(500_000))).toBe(true)
  })

  it('of several that repeat is not handed to the runtime, whose work would have no bound', () => {
    expect(judge('^a*a*a*$', `${'a'.repeat(1_000)}b`, 100)).toBeUndefined()
    expect(judge('^a*$', `${'a'.repeat(1_000)}b`, 100)).toBe(false)
  })

  it('that is too large for the runtime is refused', () => {
    expect(judge('a'.repeat(60_000), 'a')).toBe('is too large, with its repetitions written out')
  })

  it('of nothing, however often, is nothing', () => {
    expect(judge('(?:(?:){99999999999999999999}){4294967295}a', 'a')).toBe(true)
    expect(judge('^(?:a{0}){9007199254740993}$', 'a')).toBe(false)
  })

  it.each([
    ['a(?=b)', 'looks ahead or behind'],
    ['(?<!a)b', 'looks ahead or behind'],
    ['(a)\\1', 'refers back to a group'],
    ['(?<x>a)\\k<x>', 'refers back to a group'],
    ['(?i:a)', 'changes its flags midway'],
    ['(a', 'is not a regular expression'],
    ['(((a{9}){9}){9}){9}', 'is too large, with its repetitions written out'],
    [`${'('.repeat(201)}${')'.repeat(201)}`, 'nests groups deeper than 200'],
  ])('%s is refused: it %s', (source, why) => {
    expect(judge(source, 'a')).toBe(why)
  })
})
