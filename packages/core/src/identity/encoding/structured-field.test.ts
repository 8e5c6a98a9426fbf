import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { serialiseDictionary, serialiseList, serialiseMember } from './serialise-field.ts'
import { parseDictionary, parseItem, parseList } from './structured-field.ts'

const again = (text: string): string | undefined => {
  const item = parseItem(text)
  return item && serialiseMember(item)
}

test('a string that no field can hold is not written', () => {
  const written = (value: string): string =>
    serialiseMember({ kind: 'item', value: { kind: 'string', value }, parameters: new Map() })
  expect(written('a "b"')).toBe(String.raw`"a \"b\""`)
  for (const text of ['ü', 'a\r\nb', '\0']) {
    expect(() => written(text)).toThrow(expect.objectContaining({ code: 'identity.field' }))
  }
})

test('what is parsed in part is refused as a whole', () => {
  expect(parseDictionary('a;b, c=(1 2);d, e=1;f')?.map(([name]) => name)).toEqual(['a', 'c', 'e'])
  for (const text of ['a;B', 'a=(1 2);B', 'a=1;B', 'a=(1 2', 'a=(1', 'a=(1"b")', 'a=', 'a=1,', 'a;b=', 'A']) {
    expect(parseDictionary(text), text).toBeUndefined()
  }
  expect(parseList('1, (2)')).toHaveLength(2)
  for (const text of ['1;B', '(2);B', '(2', '1,', '1 2']) expect(parseList(text), text).toBeUndefined()
})

describe('an item', () => {
  test.each([
    ['1', '1'],
    ['-15', '-15'],
    ['007', '7'],
    ['999999999999999', '999999999999999'],
    ['1.5', '1.5'],
    ['1.0', '1.0'],
    ['"a \\"b\\\\"', '"a \\"b\\\\"'],
    ['a/b:c*', 'a/b:c*'],
    [':aGk=:', ':aGk=:'],
    ['?1', '?1'],
    ['@1659578233', '@1659578233'],
    ['%"f%c3%bc"', '%"f%c3%bc"'],
    ['  1;a;b=2 ', '1;a;b=2'],
    ['1;a=1;b=2;a=3', '1;a=3;b=2'],
    ['1; a', '1;a'],
  ])('%s is written %s', (text, written) => {
    expect(again(text)).toBe(written)
  })

  test.each([
    '',
    '1 2',
    '1,2',
    '1000000000000000',
    '1.',
    '1.2345',
    '--1',
    '1e3',
    '"a',
    '"a\\b"',
    '"ü"',
    '"a\tb"',
    ':aGk:',
    ':aGl=:',
    ':a:',
    ':a b=:',
    ':====:',
    '?2',
    '?',
    '@1.5',
    '%"%C3%BC"',
    '%"%ff"',
    '1;A=1',
    '1;',
    '1 ;a',
    '1;a =1',
    '\t1',
    '()',
  ])('%j is none', (text) => {
    expect(parseItem(text)).toBeUndefined()
  })
})

describe('a list', () => {
  test.each([
    ['1, 2', '1, 2'],
    ['1 \t,\t 2', '1, 2'],
    ['(a  b );x, ()', '(a b);x, ()'],
    ['', ''],
  ])('%j is written %j', (text, written) => {
    const list = parseList(text)
    expect(list && serialiseList(list)).toBe(written)
  })

  test.each([',', '1,', '1,,2', '(1', '(1,2)', '(1"a")', '1 2', '"a""b"'])('%j is none', (text) => {
    expect(parseList(text)).toBeUndefined()
  })
})

describe('a dictionary', () => {
  test('keeps every member that was sent, so that a reader may refuse one name twice', () => {
    expect(parseDictionary('a=1, a=2')).toHaveLength(2)
    expect(serialiseDictionary(parseDictionary('a=1, b;x, a=2') ?? [])).toBe('a=2, b;x')
  })

  test.each(['a=', 'A=1', 'a=1,', 'a =1', 'a= 1', '1=a', 'a=1 b=2'])('%j is none', (text) => {
    expect(parseDictionary(text)).toBeUndefined()
  })
})

test('what was written reads as itself, and nothing throws', () => {
  const pieces = ['a', 'b=', '1', '"', ':', 'aGk=', '?1', '(', ')', ' ', ',', ';', '@', '%', '.', '-']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      for (const [parse, write] of [
        [parseDictionary, serialiseDictionary],
        [parseList, serialiseList],
      ] as const) {
        const read = parse(text)
        if (read === undefined) continue
        const written = write(read as never)
        expect(write(parse(written) as never), text).toBe(written)
      }
    }),
  )
})
