import { describe, expect, test } from 'vitest'

import { parseDictionary, parseItem } from '../encoding/structured-field.ts'
import type { FieldTypes, HttpMessage, HttpRequest } from './http-message.ts'
import { componentValue, signatureBase } from './signature-base.ts'

const types: FieldTypes = { priority: 'dictionary', accept: 'list' }
const request: HttpRequest = {
  kind: 'request',
  method: 'POST',
  scheme: 'https',
  authority: 'api.example',
  requestTarget: '/orders?a=1&b=2&b=3',
  fields: [
    ['Date', 'today'],
    ['Priority', 'u=1,  i'],
    ['Accept', 'a,  b'],
    ['X-Two', ' one '],
    ['X-Two', 'two'],
  ],
  trailers: [['X-End', 'last']],
}
const response: HttpMessage = { kind: 'response', status: 200, fields: [['Date', 'now']], request }

function valueOf(component: string, message: HttpMessage = request): string | undefined {
  const item = parseItem(component)
  if (item === undefined) throw new Error(`${component} is no item`)
  return componentValue(message, item, types)
}

describe('a component', () => {
  test.each([
    ['"date"', 'today'],
    ['"x-two"', 'one, two'],
    ['"x-two";bs', ':b25l:, :dHdv:'],
    ['"priority";sf', 'u=1, i'],
    ['"priority";key="u"', '1'],
    ['"accept";sf', 'a, b'],
    ['"x-end";tr', 'last'],
    ['"@method"', 'POST'],
    ['"@query-param";name="a"', '1'],
  ])('%s of a request is %s', (component, value) => {
    expect(valueOf(component)).toBe(value)
  })

  test.each([
    ['of a kind that is no text', 'date'],
    ['whose name is written otherwise', '"Date"'],
    ['with a parameter that nobody knows', '"date";x'],
    ['with a flag that is off', '"date";tr=?0'],
    ['as bytes and by its structure', '"priority";bs;sf'],
    ['as bytes and by one of its members', '"priority";bs;key="u"'],
    ['by a member that is not there', '"priority";key="x"'],
    ['by a member whose name is no text', '"priority";key=1'],
    ['by a member where there are none', '"accept";key="a"'],
    ['by a structure that it has not', '"date";sf'],
    ['that is not there', '"x-none"'],
    ['that is not there, as bytes', '"x-none";bs'],
    ['that stands in no trailer', '"date";tr'],
    ['derived, with a parameter of a field', '"@method";sf'],
    ['derived, with the parameter of another', '"@method";name="a"'],
    ['that is a parameter without a name', '"@query-param"'],
    ['that is a parameter whose name is no text', '"@query-param";name=1'],
    ['that is a parameter which stands twice', '"@query-param";name="b"'],
    ['that is a parameter which is not there', '"@query-param";name="c"'],
    ['that nobody derives', '"@none"'],
    ['of the request of a request', '"date";req'],
    ['that a response alone has', '"@status"'],
  ])('%s has no value', (_, component) => {
    expect(valueOf(component)).toBeUndefined()
  })

  test('of a response may be its request’s, by that word alone', () => {
    expect(['"date"', '"date";req', '"@method";req', '"@status"'].map((one) => valueOf(one, response))).toEqual([
      'now',
      'today',
      'POST',
      '200',
    ])
    const alone: HttpMessage = { kind: 'response', status: 200, fields: [] }
    expect([
      valueOf('"@method"', response),
      valueOf('"date";req=?0', response),
      valueOf('"date";req=1', response),
    ]).toEqual([undefined, undefined, undefined])
    expect(valueOf('"date";req', alone)).toBeUndefined()
  })
})

test('a base in which a value could be read as two lines is not made', () => {
  const baseOf = (value: string): string | undefined => {
    const [, covered] = parseDictionary('a=("x")')?.[0] ?? []
    if (covered?.kind !== 'inner-list') throw new Error('this is a list')
    return signatureBase({ ...request, fields: [['X', value]] }, covered, types)
  }
  expect(baseOf('one')).toBe('"x": one\n"@signature-params": ("x")')
  expect([baseOf('one\n"y": two'), baseOf('one\rtwo')]).toEqual([undefined, undefined])
})
