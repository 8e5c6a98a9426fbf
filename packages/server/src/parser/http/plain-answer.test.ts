import { Readable } from 'node:stream'

import { describe, expect, it } from 'vitest'

import type { Answer } from '../answer.ts'
import { plainAnswer } from './plain-answer.ts'

const text = (answer: Partial<Answer>, method = 'GET'): string | undefined =>
  plainAnswer({ status: 200, headers: [], body: Buffer.from('hello'), ...answer }, method, 30_000)?.toString('latin1')

describe('a plain answer', () => {
  it('is its head and its body, dated, on a connection that stays open', () => {
    expect(
      text({
        status: 404,
        headers: [
          ['x', 'é'],
          ['X', 'b'],
          ['date', 'then'],
        ],
      }),
    ).toBe(
      'HTTP/1.1 404 Not Found\r\nx: é\r\nX: b\r\ndate: then\r\ncontent-length: 5\r\n' +
        'connection: keep-alive\r\nkeep-alive: timeout=30\r\n\r\nhello',
    )
    expect(text({})).toMatch(/^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/m)
  })

  it('has the length of its body, whatever it says of itself', () => {
    expect(text({ headers: [['Content-Length', '3']] })).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-length: 5\r\n/)
  })

  it('has no body where there is none: to HEAD, and by its status', () => {
    const headers = [['content-length', '7']] as const
    expect(text({ headers }, 'HEAD')).toMatch(/\r\ncontent-length: 7\r\n.*\r\n\r\n$/s)
    expect(text({ headers, status: 304 })).toMatch(/\r\ncontent-length: 7\r\n.*\r\n\r\n$/s)
    expect(text({ headers, status: 204 })).toMatch(/\r\n\r\n$/)
    expect(text({ headers, status: 204 })).not.toContain('content-length')
  })

  for (const [what, answer] of [
    ['a stream', { body: Readable.from([]) }],
    ['trailers', { trailers: () => [['a', 'b']] }],
    ['another protocol', { tunnel: () => undefined }],
    ['a line break in a value', { headers: [['x', 'a\r\ny: b']] }],
    ['a name that is none', { headers: [['x y', 'a']] }],
    ['a framing of its own', { headers: [['Transfer-Encoding', 'chunked']] }],
    ['an interim status', { status: 103 }],
  ] as const satisfies readonly (readonly [string, Partial<Answer>])[]) {
    it(`is none with ${what}`, () => expect(text(answer)).toBeUndefined())
  }
})
