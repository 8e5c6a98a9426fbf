import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { greeting, limit, malformed, name as nameMessage, question, request } from './messages.ts'
import { pack, unpack } from './pack.ts'

// What a parser that was taken over can write: each payload is as the control, but for one thing.
interface Head {
  readonly scheme: number
  readonly whole: number
  readonly serverName: string
  readonly method: string
  readonly target: string
  readonly address: string
  readonly headers: readonly string[]
  readonly rest: Uint8Array
}
const good: Head = {
  scheme: 1,
  whole: 1,
  serverName: 'a.example',
  method: 'GET',
  target: '/',
  address: '10.0.0.1',
  headers: ['host', 'a.example'],
  rest: new Uint8Array(9),
}
function headOf(changes: Partial<Head> = {}): Buffer {
  const { scheme, whole, serverName, method, target, address, headers, rest } = { ...good, ...changes }
  const fixed = pack().number(0).byte(scheme).byte(0).byte(1).byte(whole)
  return fixed.text(serverName).text(method).text(target).text(address).texts(headers).rest(rest).done()
}
const greetingOf = (minor: number, texts: readonly string[]): Buffer => pack().byte(1).number(minor).texts(texts).done()
const cancel = (bytes: number): Buffer => pack().byte(2).rest(new Uint8Array(bytes)).done()
const questionOf = (type: number, name: string): Buffer => pack().number(type).text(name).done()

/** A payload whose parts are said to be so long. */
function saying(fixedBytes: number, textBytes: number, payload: Buffer): Buffer {
  const changed = Buffer.from(payload)
  changed.writeUInt32BE(fixedBytes, 0)
  changed.writeUInt32BE(textBytes, 4)
  return changed
}
const lengthened = (payload: Buffer): Buffer => saying(payload.readUInt32BE(0), payload.readUInt32BE(4) + 1, payload)
const named = pack().text('a.example').done()

const readers = { request, greeting, name: nameMessage, question, malformed, limit } as const
const controls = {
  request: headOf(),
  greeting: greetingOf(0, ['user', 'ada']),
  name: pack().text('a.example').done(),
  question: questionOf(1, 'a.example'),
  malformed: pack().byte(0).done(),
  limit: pack().byte(0).done(),
} as const

const faults: readonly (readonly [what: string, kind: keyof typeof controls, payload: Buffer])[] = [
  ['a scheme that there is not', 'request', headOf({ scheme: 2 })],
  ['a yes that is neither yes nor no', 'request', headOf({ whole: 2 })],
  ['a server name of 256 bytes', 'request', headOf({ serverName: 'a'.repeat(256) })],
  ['a method of 33 bytes', 'request', headOf({ method: 'A'.repeat(33) })],
  ['a target of more than a head', 'request', headOf({ target: `/${'a'.repeat(65_536)}` })],
  ['an address of 65 bytes', 'request', headOf({ address: '1'.repeat(65) })],
  ['more headers than a head has', 'request', headOf({ headers: Array.from({ length: 4_098 }, () => '') })],
  ['a header without a value', 'request', headOf({ headers: ['host'] })],
  ['a header of more than a head', 'request', headOf({ headers: ['x', 'a'.repeat(65_537)] })],
  ['a whole body that is none', 'request', headOf({ rest: new Uint8Array(65_537) })],
  ['a body that was said to come later', 'request', headOf({ whole: 0 })],
  ['a length that ends early', 'name', pack().byte(0).done()],
  ['a text that ends early', 'name', pack().number(9).rest(Buffer.from('short')).done()],
  ['something left over', 'name', pack().text('a.example').byte(0).done()],
  ['a text left over', 'name', saying(4, 10, Buffer.concat([named, Buffer.from('x')]))],
  ['bytes left over', 'name', pack().text('a.example').rest(new Uint8Array(1)).done()],
  ['less than says how long its parts are', 'name', named.subarray(0, 7)],
  ['a part that ends beyond it', 'request', lengthened(headOf({ rest: new Uint8Array() }))],
  ['a length that lies among the texts', 'name', saying(0, 13, named)],
  [
    'letters of several bytes, counted as bytes',
    'name',
    saying(4, 9, Buffer.concat([named.subarray(0, 12), Buffer.from('exampl\u00e9\u00e9').subarray(0, 9)])),
  ],
  ['a name of 256 bytes', 'name', pack().text('a'.repeat(256)).done()],
  ['a type that DNS has not', 'question', questionOf(65_536, 'a.example')],
  ['letters that no name has', 'question', questionOf(1, 'a\nb')],
  ['a code that there is not', 'malformed', pack().byte(99).done()],
  ['a limit that there is not', 'limit', pack().byte(99).done()],
  ['a greeting of no kind', 'greeting', pack().byte(3).done()],
  ['a minor version of three bytes', 'greeting', greetingOf(65_536, ['user', 'ada'])],
  ['a parameter with a zero byte', 'greeting', greetingOf(0, ['user', 'a\0options\0x'])],
  ['a parameter without a name', 'greeting', greetingOf(0, ['', 'ada'])],
  ['a parameter that comes twice', 'greeting', greetingOf(0, ['user', 'ada', 'user', 'bob'])],
  ['a parameter without a value', 'greeting', greetingOf(0, ['user', 'ada', 'database'])],
  [
    'too many parameters',
    'greeting',
    greetingOf(
      0,
      Array.from({ length: 1_026 }, (_, index) => `p${index}`),
    ),
  ],
  ['a key to cancel by that is too long', 'greeting', cancel(10_001)],
]

describe('what a parser says', () => {
  for (const [what, kind, payload] of faults) {
    it(`cannot be read with ${what}`, () => {
      expect(readers[kind].read(controls[kind]), 'control').toBeDefined()
      expect(readers[kind].read(payload)).toBeUndefined()
    })
  }

  it('is read as it was written, whatever its letters are', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 9 })
    fc.assert(
      fc.property(texts, fc.nat(0xffff), fc.uint8Array(), (all, number, rest) => {
        const from = unpack(pack().texts(all).number(number).text(all.join('')).rest(rest).done())
        expect(from.texts(9, 400)).toStrictEqual(all)
        expect(from.number()).toBe(number)
        expect(from.text(4_000)).toBe(all.join(''))
        expect(from.rest(rest.length)).toStrictEqual(Buffer.from(rest))
        expect(() => from.end()).not.toThrow()
      }),
    )
  })

  it('is read up to its bounds', () => {
    expect(request.read(headOf({ serverName: 'a'.repeat(255), method: 'A'.repeat(32) }))).toBeDefined()
    expect(request.read(headOf({ rest: new Uint8Array(65_536) }))).toBeDefined()
    expect(greeting.read(cancel(10_000))).toBeDefined()
  })
})
