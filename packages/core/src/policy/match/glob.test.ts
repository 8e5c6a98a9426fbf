import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { matchArn } from './arn.ts'
import { type Facts, readFacts } from './facts.ts'
import { codesOf, compileGlob, compileResource } from './glob.ts'
import { limits } from '../limits.ts'
import { type Wild, wildcardMatches } from '../naive/naive-condition.ts'
import { parseTemplate, type Piece } from './template.ts'
import { request } from '../testing/policies.ts'

const facts = readFacts(request({ action: 'a:b', resource: '*' }), false) as Facts

function pieces(pattern: string): readonly Piece[] {
  const template = parseTemplate(pattern, { wildcards: true, variables: true })
  if ('problem' in template) throw new Error(template.problem)
  return template.pieces
}

function letters(extra: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom('a', 'b', ':', '😀', ...extra), { maxLength: 8 }).map((chars) => chars.join(''))
}

function wild(char: string): Wild {
  return char === '*' ? { wildcard: 'star' } : char === '?' ? { wildcard: 'any' } : char
}

function matches(pattern: string, text: string): boolean {
  return matchArn(codesOf(pieces(pattern)), text)
}

describe('a glob', () => {
  test.for([
    ['*', '', true],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXcYb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a**c', 'abbc', true],
    ['?', '😀', true],
    ['??', '😀', false],
    ['*?*?', 'a', false],
    ['a*a', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ] as const)('%s on %s is %s', ([pattern, text, matched]) => {
    expect(compileGlob(pieces(pattern))(text, facts)).toBe(matched)
  })

  test('matches what the textbook recursion matches', () => {
    fc.assert(
      fc.property(letters(['*', '?', '*']), letters([]), (pattern, text) => {
        return compileGlob(pieces(pattern))(text, facts) === wildcardMatches(Array.from(pattern, wild), text)
      }),
      { numRuns: 3000, seed: 3 },
    )
  })

  test('of the worst kind on the longest text ends soon', () => {
    const steps = compileGlob(pieces('*a'.repeat(1000) + '*b'))
    const text = 'a'.repeat(limits.matchedLength)
    expect(steps(text, facts)).toBe(false) // twenty million steps at most; an exponential matcher would not end at all
    expect(steps(text + 'a', facts)).toBeUndefined()
  })

  test('with a variable is asked of as long a text as one without', () => {
    const holding = (length: number): Facts =>
      readFacts(request({ action: 'a:b', resource: '*', context: { 'k:a': 'x'.repeat(length) } }), false) as Facts
    const longer = limits.matchedLength + 1
    for (const pattern of ['${k:a}', '${k:a}*', 'x*']) {
      expect(compileGlob(pieces(pattern))('x'.repeat(longer), holding(longer))).toBe(true)
    }
    expect(compileGlob(pieces('*${k:a}'))('x'.repeat(longer), holding(longer))).toBeUndefined()
    for (const length of [limits.operandLength + 1, limits.matchedLength]) {
      expect(compileGlob(pieces('*${k:a}'))('x'.repeat(length), holding(length))).toBe(true)
      expect(compileGlob(pieces('*${k:a}?'))('x'.repeat(length), holding(length))).toBe(false)
    }
    expect(compileGlob(pieces('*${k:a}${k:a}'))('x'.repeat(longer - 1), holding(longer - 1))).toBe(false)
  })

  test('in a resource keeps stars inside a segment to that segment', () => {
    const resource = compileResource(pieces('arn:a*s:s3:::b'))
    expect(resource('arn:aws:s3:::b', facts)).toBe(true)
    expect(resource('arn:aXs:s3:::b', facts)).toBe(true)
    expect(resource('arn:a:s:s3:::b', facts)).toBe(false)
    const worst = compileResource(pieces(`arn:${'a*'.repeat(900)}b:s3:::x`))
    expect(worst(`arn:${'a'.repeat(2000)}`, facts)).toBe(false)
  })
})

test('an ARN pattern compares six parts, the last with whatever colons are left', () => {
  expect(matches('*', 'anything')).toBe(true)
  expect(matches('arn:aws:*:*:*:*', 'arn:aws:a:b:c:d:e')).toBe(true)
  expect(matches('arn:aws:*:x', 'arn:aws:a:b:c:x')).toBe(false)
  expect(matches('arn:aws:?:b:c:d', 'arn:aws::b:c:d')).toBe(false)
})
