import { createHmac, pbkdf2Sync } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import type { Secret } from '@sallyport/core/access'
import { afterEach, describe, expect, it } from 'vitest'

import { openAuthority } from '../../certificates/index.ts'
import { message } from '../../parser/index.ts'
import { secured, signIn } from './postgres.ts'

const password = 'the-real-password-0123456789'
const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** Both ends of one connection. */
async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1') // it listens on an address
  const [far] = (await once(server, 'connection')) as [Socket]
  for (const socket of [near, far]) socket.on('error', () => undefined)
  endings.push(
    () => server.close(),
    () => near.destroy(),
    () => far.destroy(),
  )
  return { near, far }
}

const word = (code: number, rest = ''): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(code)
  return Buffer.concat([head, Buffer.from(rest)])
}
const ready = Buffer.concat([message('K', Buffer.alloc(8)), message('Z', Buffer.from('I'))])

/** Signs in at a server that says these things in turn, each after it was written to; `heard` is all it was told. */
async function signInAt(
  ...says: readonly (Buffer | ((heard: string) => Buffer))[]
): Promise<{ readonly code: unknown; readonly message: unknown; readonly heard: string }> {
  const { near, far } = await pair()
  let heard = ''
  const turns = [...says]
  far.on('data', (part: Buffer) => {
    heard += part.toString('latin1')
    const next = turns.shift()
    if (next === undefined) far.end()
    else far.write(typeof next === 'function' ? next(heard) : next)
  })
  const ended = await signIn(near, {
    host: 'db.internal',
    user: 'shop',
    password,
    database: 'orders',
    tls: false,
    caPem: undefined,
    parameters: new Map([
      ['TimeZone', 'UTC'],
      ['session_authorization', 'postgres'],
    ]),
    settings: [['user', 'a b\\c']],
    applicationName: 'payments',
    nonce: 'nonce0123456789',
  }).then(
    () => ({ code: 'signed in', message: undefined }),
    ({ code, message: text }: { code?: unknown; message?: unknown }) => ({ code, message: text }),
  )
  return { ...ended, heard }
}

const salt = Buffer.from('salt')
const first = 'r=nonce0123456789server,s=c2FsdA==,i=4096'
const asksScram = message('R', word(10, 'SCRAM-SHA-256\0\0'))
const goesOn = message('R', word(11, first))
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** What a server that knows the password says last. */
function proof(): Buffer {
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256')
  const signed = `n=,r=nonce0123456789,${first},c=biws,r=nonce0123456789server`
  return message('R', word(12, `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`))
}

describe('the door that signs in', () => {
  it('does so where the server proves that it knows the password, which it never hears', async () => {
    const { code, heard } = await signInAt(asksScram, goesOn, Buffer.concat([proof(), message('R', word(0)), ready]))
    expect(code).toBe('signed in')
    expect(heard).not.toContain(password)
  })

  it('shows the password to no server that asks for it itself, or for a weaker proof', async () => {
    for (const asked of [word(3), word(5, 'salt'), word(7), word(10, 'SCRAM-SHA-1\0\0')]) {
      const { code, heard } = await signInAt(message('R', asked))
      expect([code, heard.includes(password), heard.includes('n,,')]).toEqual(['upstream.login', false, false])
    }
  })

  it('believes no server that asks for nothing', async () => {
    expect(await signInAt(Buffer.concat([message('R', word(0)), ready]))).toMatchObject({ code: 'upstream.login' })
  })

  it('believes no server that goes on before it has proved anything', async () => {
    expect(await signInAt(ready)).toMatchObject({ code: 'upstream.login' })
    expect(await signInAt(asksScram, Buffer.concat([goesOn, ready]))).toMatchObject({ code: 'upstream.login' })
  })

  it('believes no server whose proof is made without the password', async () => {
    const forged = message('R', word(12, `v=${Buffer.alloc(32).toString('base64')}`))
    const rest = Buffer.concat([message('R', word(0)), ready])
    expect(await signInAt(asksScram, goesOn, Buffer.concat([forged, rest]))).toMatchObject({ code: 'upstream.login' })
  })

  it('tells a refusal of the server by its state alone', async () => {
    const refusal = message('E', Buffer.from('SFATAL\0C28P01\0Mpassword of shop\0\0'))
    expect(await signInAt(refusal)).toMatchObject({
      code: 'upstream.login',
      message: 'the database refused: SQLSTATE 28P01',
    })
  })

  it('reads messages of so many bytes', async () => {
    const head = Buffer.from('R0000')
    head.writeUInt32BE(0x7fffffff, 1)
    expect(await signInAt(head)).toMatchObject({ code: 'upstream.login' })
  })

  it('hears so many messages until a server is ready', async () => {
    const setting = message('S', Buffer.from('TimeZone\0UTC\0'))
    const said = (count: number): Buffer => Buffer.concat([proof(), ...Array<Buffer>(count).fill(setting), ready])
    expect(await signInAt(asksScram, goesOn, said(300))).toMatchObject({ code: 'upstream.login' })
    expect(await signInAt(asksScram, goesOn, said(100)), 'control').toMatchObject({ code: 'signed in' })
  })

  it('lets only settings through that change nothing about who is there', async () => {
    const { heard } = await signInAt(message('R', word(3)))
    expect(heard).toContain('TimeZone\0UTC\0')
    expect(heard).not.toContain('session_authorization')
    expect(heard).toContain('-c sallyport.user=a\\ b\\\\c\0')
  })
})

describe('TLS toward a database', () => {
  const codeFrom = (found: Promise<unknown>): Promise<unknown> =>
    found.then(
      () => 'secure',
      (error: { code?: unknown }) => error.code,
    )
  const secure = async (answer: string): Promise<unknown> => {
    const { near, far } = await pair()
    far.once('data', () => far.write(answer))
    return codeFrom(secured(near, { host: 'db.internal', tls: true, caPem: undefined }))
  }

  it('is not left out because the server says so', async () => {
    expect(await secure('N')).toBe('upstream.plaintext')
  })

  it('is with a server that is vouched for by name, and with no other', async () => {
    const kept = new Map<string, Secret<string>>()
    const authority = await openAuthority({
      kind: 'gateway',
      app: 'test',
      permittedNames: ['db.internal'],
      nowMs: Date.now,
      keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
    })
    const leaf = await authority.leafFor(['db.internal'])
    const within = async (host: string, caPem: string | undefined): Promise<unknown> => {
      const { near, far } = await pair()
      far.once('data', () => {
        far.write('S')
        new TLSSocket(far, { ...leaf, isServer: true }).on('error', () => undefined)
      })
      return codeFrom(secured(near, { host, tls: true, caPem }))
    }
    expect(await within('db.internal', authority.caPem), 'control').toBe('secure')
    expect(await within('db.internal', undefined)).toBe('upstream.unreachable')
    expect(await within('other.internal', authority.caPem)).toBe('upstream.unreachable')
  })

  it('ends with its connection where a server stalls in the middle of the handshake', async () => {
    const { near, far } = await pair()
    far.once('data', () => far.write('S'))
    const found = codeFrom(secured(near, { host: 'db.internal', tls: true, caPem: undefined }))
    await expect.poll(() => far.bytesRead).toBeGreaterThan(8) // it has begun
    near.destroy()
    expect(await found).toBe('upstream.unreachable')
  })

  it('begins with nothing that was sent before it', async () => {
    expect(await secure('Sforged')).toBe('upstream.plaintext')
  })
})
