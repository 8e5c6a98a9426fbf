import { createServer } from 'node:http'
import { duplexPair } from 'node:stream'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type PlainRequest, readPlain } from './plain-request.ts'

const read = (text: string): PlainRequest | undefined => readPlain(Buffer.from(text, 'latin1'), 16 * 1024)

describe('a plain request', () => {
  it('is read with its fields as they came, and its body', () => {
    expect(read('POST /v1?a=b HTTP/1.1\r\nHost: a\r\nX:\t é \r\nContent-Length: 2\r\n\r\nab')).toEqual({
      method: 'POST',
      target: '/v1?a=b',
      rawHeaders: ['Host', 'a', 'X', 'é', 'Content-Length', '2'],
      body: Buffer.from('ab'),
    })
  })

  for (const [what, head, body = ''] of [
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 1', 'a'],
    ['a length that is a list', 'Content-Length: 1, 1', 'a'],
    ['a length with a sign', 'Content-Length: +1', 'a'],
    ['a body that is not all there', 'Content-Length: 2', 'a'],
    ['something behind its body', 'Content-Length: 1', 'ab'],
    ['a body of no stated length', 'x: y', 'a'],
    ['a coding', 'Transfer-Encoding: chunked', '0\r\n\r\n'],
    ['a length and a coding', 'Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
    ['a connection that is to be closed', 'Connection: close'],
    ['fields that the connection names', 'Connection: keep-alive, x'],
    ['a wait for leave', 'Expect: 100-continue'],
    ['another protocol', 'Upgrade: websocket'],
    ['a folded line', 'x: a\r\n b'],
    ['a space before the colon', 'x : a'],
    ['a bare LF', 'x: a\ny: b'],
    ['a bare CR', 'x: a\rb'],
    ['a zero byte', 'x: a\0'],
    ['a line without a colon', 'x'],
    ['a line without a name', ': a'],
    ['more fields than anybody sends', Array.from({ length: 65 }, (_, index) => `x${index}: y`).join('\r\n')],
    ['a head of more bytes than are allowed', `x: ${'a'.repeat(17_000)}`],
  ] as const) {
    it(`is none with ${what}`, () => {
      expect(read(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${body}`)).toBeUndefined()
    })
  }

  for (const line of [
    'CONNECT a:443 HTTP/1.1',
    'GET http://a/ HTTP/1.1',
    'GET * HTTP/1.1',
    'GET / HTTP/1.0',
    'GET  / HTTP/1.1',
    'get / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET /# HTTP/1.1',
    '\r\nGET / HTTP/1.1',
  ]) {
    it(`does not begin with ${JSON.stringify(line)}`, () => {
      expect(read(`${line}\r\nHost: a\r\n\r\n`)).toBeUndefined()
    })
  }

  it('is what the general parser reads too, wherever it is read at all', async () => {
    const piece = fc.constantFrom(
      'a',
      'é',
      ' ',
      '\t',
      '\r',
      '\n',
      '\r\n',
      '\0',
      ':',
      ',',
      '1',
      'chunked',
      '\x7f',
      '"',
      'close',
      'Host: b',
    )
    const name = fc.constantFrom(
      'x',
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      'Cookie',
      'x y',
      'Host',
      'te',
    )
    const value = fc.oneof(
      fc.constantFrom('1', '3', 'keep-alive', 'chunked', 'v'),
      fc.string(),
      fc.array(piece).map((all) => all.join('')),
    )
    const field = fc.tuple(name, fc.constantFrom(': ', ':', ' :', ':\t'), value).map((all) => all.join(''))
    const target = fc.constantFrom('/', '/a?b', "/!$&'()*+,=:@~", '/%41;b=c', '/#', '/"', '/é', '/[', '*', 'http://a/')
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'PRI', 'M-SEARCH')
    const fields = fc.oneof(fc.constant([]), fc.array(field, { maxLength: 4 }))
    const body = fc.constantFrom('', 'a', 'abc', '1\r\na\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n')
    let plain = 0
    await fc.assert(
      fc.asyncProperty(method, target, fields, body, fc.boolean(), async (verb, path, lines, rest, isStated) => {
        const length = isStated ? [`Content-Length: ${rest.length}`] : []
        const bytes = Buffer.from([`${verb} ${path} HTTP/1.1`, ...lines, ...length, '', rest].join('\r\n'), 'latin1')
        const found = readPlain(bytes, 16 * 1024)
        if (found === undefined) return
        plain += 1
        expect(await generally(bytes)).toEqual([found])
      }),
      { numRuns: 200 },
    )
    expect(plain).toBeGreaterThan(3)
  }, 60_000)
})

/** What Node's own parser makes of the same bytes: its requests, and whether it found a fault. */
async function generally(bytes: Buffer): Promise<readonly unknown[]> {
  const [ours, theirs] = duplexPair()
  const found: unknown[] = []
  const server = createServer({ requireHostHeader: false }, (message) => {
    const { method, url: target, rawHeaders } = message
    const parts: Buffer[] = []
    message.on('data', (part: Buffer) => parts.push(part))
    message.once('end', () => found.push({ method, target, rawHeaders, body: Buffer.concat(parts) }))
    message.once('error', (error) => found.push(error))
  })
  server.on('clientError', (error) => found.push(error))
  server.emit('connection', theirs)
  ours.write(bytes)
  for (let turn = 0; found.length === 0 && turn < 100; turn += 1) await new Promise(setImmediate)
  await new Promise(setImmediate) // for a second one
  theirs.destroy()
  ours.destroy()
  return found
}
