import { duplexPair } from 'node:stream'
import type { Socket } from 'node:net'

import { describe, expect, it } from 'vitest'

import { peekServerName, readServerName, type ServerName } from './server-name.ts'

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const sized = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body])
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), sized(body)])
const nameOf = (name: string, type = 0): Buffer => Buffer.concat([Buffer.from([type]), sized(Buffer.from(name))])
const named = (...names: readonly Buffer[]): Buffer => extension(0, sized(Buffer.concat(names)))
const record = (bytes: Buffer, type = 0x16, major = 3): Buffer =>
  Buffer.concat([Buffer.from([type, major, 1]), sized(bytes)])

/** A ClientHello (RFC 8446 §4.1.2) with these extensions. */
function handshake(extensions: readonly Buffer[], type = 1, behind = Buffer.alloc(0)): Buffer {
  const all = sized(Buffer.concat(extensions))
  const body = Buffer.concat([
    Buffer.alloc(34, 3),
    Buffer.from([0]),
    sized(u16(0x1301)),
    Buffer.from([1, 0]),
    all,
    behind,
  ])
  return Buffer.concat([Buffer.from([type, 0]), u16(body.length), body])
}
const hello = (...extensions: readonly Buffer[]): Buffer => record(handshake(extensions))

const good = named(nameOf('API.example'))
const none: ServerName = { kind: 'none' }

describe('the server name of a ClientHello', () => {
  it('is read in lower case, also out of several records', () => {
    const whole = handshake([extension(16, Buffer.from('h2')), good])
    expect(readServerName(record(whole))).toEqual({ kind: 'name', name: 'api.example' })
    const cut = Buffer.concat([record(whole.subarray(0, 30)), record(whole.subarray(30))])
    expect(readServerName(cut)).toEqual({ kind: 'name', name: 'api.example' })
    for (let at = 0; at < cut.length; at++) expect(readServerName(cut.subarray(0, at)), `${at} bytes`).toBeUndefined()
  })

  const short = hello(good)
  short.writeUInt16BE(short.readUInt16BE(50) - 1, 50) // the length of all extensions
  const beyond = hello(good)
  beyond.writeUInt16BE(beyond.readUInt16BE(54) + 1, 54) // the length of the one
  for (const [what, bytes] of [
    ['another kind of record', record(handshake([good]), 0x17)],
    ['another version', record(handshake([good]), 0x16, 2)],
    ['a record of nothing', Buffer.concat([record(Buffer.alloc(0)), hello(good)])],
    ['a record that is too long', Buffer.from('160301ffff', 'hex')],
    ['another message', record(handshake([good], 2))],
    ['two names in two extensions', hello(good, named(nameOf('other.example')))],
    ['two names in one extension', hello(named(nameOf('api.example'), nameOf('other.example')))],
    ['a name of another kind', hello(named(nameOf('api.example', 1)))],
    ['an encrypted hello', hello(good, extension(0xfe0d, Buffer.alloc(8)))],
    ['something behind the extensions', record(handshake([good], 1, Buffer.alloc(2)))],
    ['extensions that end early', short],
    ['an extension that points beyond the end', beyond],
    ['a list of names of another length', hello(extension(0, Buffer.concat([u16(3), nameOf('api.example')])))],
    ['no extension at all', record(handshake([]))],
  ] as const) {
    it(`is none with ${what}`, () => {
      expect(readServerName(hello(good)), 'control').toMatchObject({ kind: 'name' })
      expect(readServerName(bytes)).toEqual(none)
    })
  }
})

describe('who speaks no TLS', () => {
  /** What is found once this was sent, or `ended` where the connection is ended first. */
  function peeked(send: (far: ReturnType<typeof duplexPair>[1]) => unknown, timeoutMs: number): Promise<unknown> {
    const [near, far] = duplexPair()
    return new Promise((resolve) => {
      near.once('close', () => resolve('ended'))
      setTimeout(() => resolve('waits'), 5_000).unref()
      peekServerName(near as unknown as Socket, timeoutMs, resolve) // it is read from, put back and ended
      send(far)
    })
  }

  it('is not waited for', async () => {
    expect(await peeked((far) => far.write(hello(good)), 60_000), 'control').toMatchObject({ kind: 'name' })
    expect(await peeked((far) => far.write(hello(good).subarray(0, 20)), 20)).toBe('ended')
  })

  it('is not listened to without end', async () => {
    const part = record(Buffer.alloc(16_000, 1))
    expect(await peeked((far) => far.write(Buffer.concat([part, part])), 60_000)).toEqual(none)
  })
})
