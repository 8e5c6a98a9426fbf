import { expect, test } from 'vitest'

import { parseStrictObject, stringList } from './strict-object.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

test('reads an object, and its names are its own', () => {
  const value = parseStrictObject(bytes('{"a":1,"b":{"a":2}}'))
  expect(value).toEqual({ a: 1, b: { a: 2 } })
  expect(value?.['constructor']).toBeUndefined()
})

test('reads what is nested 80 deep', () => {
  expect(parseStrictObject(bytes(nested(80)))).toBeDefined()
})

test('reads any number of objects and lists beside each other', () => {
  const hundred = (each: string): string => Array.from({ length: 100 }, () => each).join()
  const text = `{"a":[${hundred('[]')}],"b":[${hundred('{}')}]}`
  expect(parseStrictObject(bytes(text))).toMatchObject({ a: { length: 100 }, b: { length: 100 } })
})

test('reads many values, and texts of any letters', () => {
  expect(parseStrictObject(bytes(`{"a":[${'1,'.repeat(99_990)}1],"b":"${'[{,\\"'.repeat(100_000)}"}`))).toBeDefined()
})

test('a list of strings is one of nothing else', () => {
  expect([stringList(['a', 'b']), stringList([])]).toEqual([['a', 'b'], []])
  expect([['a', 1], [['a']], 'a', { length: 0 }, null].map(stringList)).toEqual(Array.from({ length: 5 }))
})

test.each([
  ['a name that stands twice', bytes('{"a":1,"\\u0061":2}')],
  ['a name that stands twice, with white space behind it', bytes('{"a":1,"a"\r\n\t :2}')],
  ['a name that stands twice, with a tab behind it', bytes('{"a":1,"a"\t:2}')],
  ['a name that stands twice, with a carriage return behind it', bytes('{"a":1,"a"\r:2}')],
  ['a name that stands twice further down', bytes('{"x":[{"a":1,"a":2}]}')],
  ['__proto__ as a name', bytes('{"x":{"__proto__":{}}}')],
  ['an escaped __proto__', bytes('{"\\u005f_proto__":{}}')],
  ['nesting beyond 80', bytes(nested(81))],
  ['more values than are read', bytes(`{"a":[${'1,'.repeat(100_000)}1]}`)],
  ['more objects than are read', bytes(`{"a":[${'{},'.repeat(50_000)}1]}`)],
  ['a string without an end', bytes('{"a')],
  ['nesting beyond any stack', bytes(nested(200_000))],
  ['nesting beyond any stack beside an escaped name', bytes(`{"\\u0061":${nested(200_000)}}`)],
  ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
  ['a byte order mark', bytes('\ufeff{}')],
  ['an array', bytes('[]')],
  ['null', bytes('null')],
  ['no JSON', bytes('{')],
])('refuses %s', (_name, text) => {
  expect(parseStrictObject(text)).toBeUndefined()
})
