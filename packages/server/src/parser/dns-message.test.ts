import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readDnsQuery } from './dns-message.ts'

describe('readDnsQuery', () => {
  const good = Buffer.from('123401000001000000000000036170690673747269706503636f6d0000010001', 'hex')

  it('reads a plain question', () => {
    expect(readDnsQuery(good)).toMatchObject({ id: 0x1234, name: 'api.stripe.com', type: 1, recursionDesired: true })
  })

  it('reads a label with a dot in it as no two labels', () => {
    const query = Buffer.from('1234010000010000000000000761702e736c6b0003636f6d0000010001', 'hex')
    expect(readDnsQuery(query)?.name).toBe('ap?slk?.com')
  })

  for (const [what, hex] of [
    ['a response', '123481000001000000000000036170690673747269706503636f6d0000010001'],
    ['two questions', '123401000002000000000000036170690673747269706503636f6d0000010001'],
    ['a compressed name', '123401000001000000000000c00c0000010001'],
    ['a label of more than 63 bytes', `12340100000100000000000040${'61'.repeat(64)}0000010001`],
    ['a label beyond the end', '1234010000010000000000003f61'],
    ['another class', '123401000001000000000000036170690673747269706503636f6d0000010003'],
    ['answers in a question', '123401000001000100000000036170690673747269706503636f6d0000010001'],
    ['a name of more than 255 bytes', `123401000001000000000000${`3f${'61'.repeat(63)}`.repeat(4)}0000010001`],
    ['a name with nothing behind it', '1234010000010000000000000361706900'],
    ['no end of the name', '12340100000100000000000003617069'],
  ] as const) {
    it(`refuses ${what}`, () => expect(readDnsQuery(Buffer.from(hex, 'hex'))).toBeUndefined())
  }

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(40), (bytes, at) => {
        readDnsQuery(Buffer.from(bytes))
        const mutated = Buffer.from(good)
        mutated.set(bytes.subarray(0, 4), Math.min(at, good.length - 4))
        readDnsQuery(mutated)
      }),
      { numRuns: 500 },
    )
  })
})
