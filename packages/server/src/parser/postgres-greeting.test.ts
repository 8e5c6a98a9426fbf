import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'

import { afterEach, describe, expect, it } from 'vitest'

import { greet, type Greeting } from './postgres-greeting.ts'
import { parameters, readParameters, requestCodes, startup } from './postgres-messages.ts'

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

/** What became of a greeting, and how much was said to the client, whichever is there first. */
async function outcome(greeting: Promise<Greeting>, near: Socket, said: number): Promise<readonly unknown[]> {
  const found: Greeting['kind'][] = []
  void greeting.then(({ kind }) => found.push(kind))
  while (found.length === 0 && near.bytesWritten === said) await new Promise((resolve) => setImmediate(resolve))
  return [...found, near.bytesWritten]
}

describe('a client that greets', () => {
  const greeted = async (bytes: Buffer): Promise<Greeting['kind']> => {
    const { near, far } = await pair()
    far.end(bytes)
    const { kind } = await greet(near, undefined)
    return kind
  }
  const start = (pairs: readonly (readonly [string, string])[]): Buffer =>
    startup(requestCodes.version3, parameters(pairs))

  it('says who it claims to be', async () => {
    expect(await greeted(start([['user', 'whoever']]))).toBe('start')
    expect(await greeted(startup(requestCodes.cancel, Buffer.alloc(8)))).toBe('cancel')
  })

  it('is malformed with a length that is none, and with another protocol', async () => {
    const long = start([['user', 'x'.repeat(10_000)]])
    expect(await greeted(long)).toBe('malformed')
    expect(await greeted(startup(2 << 16, parameters([['user', 'a']])))).toBe('malformed')
    expect(await greeted(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe('malformed')
  })

  it('is malformed with more settings than the server would read', async () => {
    const settings = (count: number): Buffer =>
      start(Array.from({ length: count }, (_, index) => [`s${index}`, 'v'] as const))
    expect(await greeted(settings(512))).toBe('start')
    expect(await greeted(settings(513))).toBe('malformed')
  })

  it('is malformed with anything before the handshake that it asked for', async () => {
    const { near, far } = await pair()
    let answered = ''
    far.on('data', (part: Buffer) => (answered += part.toString('latin1')))
    far.write(Buffer.concat([startup(requestCodes.ssl), start([['user', 'a']])]))
    expect(await greet(near, createSecureContext())).toMatchObject({ kind: 'malformed' })
    near.end()
    await once(far, 'close')
    expect(answered).toBe('') // not even that it may begin
  })

  it('is malformed where it ends early', async () => {
    expect(await greeted(start([['user', 'whoever']]).subarray(0, 12))).toBe('malformed')
  })

  it('asks for encryption once: within it there is no other', async () => {
    const { near, far } = await pair()
    const anonymous = { ciphers: 'AECDH-AES256-SHA:@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const
    const greeting = greet(near, createSecureContext(anonymous))
    far.write(startup(requestCodes.ssl))
    expect(String(await once(far, 'data'))).toBe('S')
    const within = connectTls({ socket: far, ...anonymous, rejectUnauthorized: false }).on('error', () => undefined)
    await once(within, 'secureConnect')
    const said = near.bytesWritten
    within.write(startup(requestCodes.ssl))
    expect(await outcome(greeting, near, said)).toEqual(['malformed', said]) // no letter between its records
  })

  it('is told nothing of encryption where there is none', async () => {
    const { near, far } = await pair()
    far.end(startup(requestCodes.ssl))
    expect(await outcome(greet(near, undefined), near, 0)).toEqual(['malformed', 0])
  })

  it('asks for encryption so often and no more', async () => {
    const asks = Array.from({ length: 3 }, () => startup(requestCodes.gss))
    expect(await greeted(Buffer.concat([...asks, start([['user', 'a']])]))).toBe('malformed')
  })

  it('names each parameter once', () => {
    expect(readParameters(parameters([['user', 'a']]))).toEqual(new Map([['user', 'a']]))
    expect(
      readParameters(
        parameters([
          ['user', 'a'],
          ['user', 'b'],
        ]),
      ),
    ).toBeUndefined()
    expect(readParameters(Buffer.from('\0a\0\0'))).toBeUndefined()
    expect(readParameters(Buffer.from('user\0'))).toBeUndefined()
    expect(readParameters(Buffer.from('user\0a\0b\0\0'))).toBeUndefined()
  })
})
