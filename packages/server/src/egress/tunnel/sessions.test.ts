import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { describe, expect, it } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { parameters, requestCodes, startup } from '../../parser/index.ts'
import { endings } from '../testing/endings.ts'
import { openFakePostgres, sessionKey } from '../testing/fake-postgres.ts'
import { type Harness, type HarnessOptions, invocationOf, openHarness } from '../testing/harness.ts'

const password = 'the-real-password-0123456789'

/** The example with a postgres door, which payments may use. */
async function open(port: string, options: HarnessOptions = {}): Promise<Harness> {
  const door = [
    'to: postgres://127.0.0.1:5432',
    `upstream: postgres://127.0.0.1:${port}`,
    'private: true',
    'user: shop',
    'password: "{mail-token}"',
    'database: orders',
    'tls: off',
  ]
  const harness = await openHarness({
    ports: [5432],
    secrets: { 'mail-token': password },
    manifest: (text) =>
      edited(
        'stripe: { charge: any,',
        'db: [connect]\n      stripe: { charge: any,',
        edited(
          'secrets: { stripe-key',
          `  db:\n    ${door.join('\n    ')}\nsecrets: { stripe-key`,
          text.slice(0, text.indexOf('only:  ')),
        ),
      ),
    ...options,
  })
  endings.push(() => harness.close())
  return harness
}

/** A client that says this; `end` is all that it hears once the door ends it. */
async function say(harness: Harness, bytes: Buffer): Promise<{ socket: Socket; end: Promise<string> }> {
  const socket = connect(harness.tcpPort(5432), '127.0.0.1')
  socket.on('error', () => undefined)
  endings.push(() => socket.destroy())
  let heard = ''
  socket.on('data', (part: Buffer) => (heard += part.toString('latin1')))
  await once(socket, 'connect')
  socket.write(bytes)
  return { socket, end: once(socket, 'close').then(() => heard) }
}

const hello = startup(requestCodes.version3, parameters([['user', 'whoever']]))
const cancelling = (key: Buffer): Buffer => startup(requestCodes.cancel, key)

describe('a session of a postgres door', () => {
  it('is cancelled by the key that the box was given for it, and by no other', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port)
    const { socket } = await say(harness, hello)
    await once(socket, 'data')
    const guessed = await say(harness, cancelling(Buffer.from('0000002b0badcafe', 'hex')))
    expect(await guessed.end).toBe('')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'failed', detail: /^door\.field/ }])
    const own = await say(harness, cancelling(sessionKey))
    await own.end
    await expect.poll(() => server.asked).toEqual(['start', `cancel ${sessionKey.toString('hex')}`])
  })

  it('is cancelled by no box that did not open it', async () => {
    const server = await openFakePostgres(password)
    const [opener, other] = [await open(server.port), await open(server.port)]
    const { socket } = await say(opener, hello)
    await once(socket, 'data')
    expect(await (await say(other, cancelling(sessionKey))).end).toBe('')
    await expect.poll(() => other.others).toMatchObject([{ outcome: 'failed' }])
    expect(server.asked).toEqual(['start'])
  })

  it('is one of so many of a box, and the next is told so; one that has ended makes room', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port, { rooms: { limits: { sessions: 2 } } })
    const opened = [await say(harness, hello), await say(harness, hello)]
    for (const { socket } of opened) await once(socket, 'data')
    expect(await (await say(harness, hello)).end).toContain('exit.too_many_sessions (why: ')
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'deny', reasons: [{ code: 'exit.too_many_sessions' }] })
    opened[0]?.socket.destroy()
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'done' }])
    const { socket } = await say(harness, hello)
    await once(socket, 'data')
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'allow' })
  })

  it('is not begun without a password in the vault', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port, { secrets: {} })
    expect(await (await say(harness, hello)).end).toContain('secret.missing')
    expect(harness.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code: 'secret.missing' }] }])
    expect(server.sockets).toEqual([])
  })

  it('is not begun once its password was taken from the vault', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port, { rooms: { useSecret: () => undefined } })
    expect(await (await say(harness, hello)).end).toContain('secret.missing')
    expect(server.asked).toEqual([])
  })

  it('is not begun where the vault breaks, and the client hears no more than that', async () => {
    const server = await openFakePostgres(password)
    const useSecret = (): never => {
      throw new TypeError('the vault broke')
    }
    const harness = await open(server.port, { rooms: { useSecret } })
    expect(await (await say(harness, hello)).end).toMatch(/exit\.error \(why: /)
    expect(server.asked).toEqual([])
  })

  it('is opened for nobody where nobody stands behind the invocation', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port)
    const { socket } = await say(harness, hello)
    await once(socket, 'data')
    harness.invocation = invocationOf(harness.image, 'i2')
    const second = await say(harness, hello)
    await once(second.socket, 'data')
    expect(server.started.map((text) => text.includes('sallyport.user='))).toEqual([true, false])
  })

  it('is not begun under a grant that ended before it was dialled', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port, { rooms: { isCurrent: () => false } })
    expect(await (await say(harness, hello)).end).toContain('grant.ended')
    expect(server.sockets).toEqual([])
  })

  it('is not handed over where the right to it ended while the door signed in', async () => {
    let current = true
    const server = await openFakePostgres(password, () => (current = false))
    const harness = await open(server.port, { rooms: { isCurrent: () => current } })
    const { end } = await say(harness, hello)
    expect(await end).toContain('grant.ended')
    await expect.poll(() => server.sockets[0]?.destroyed || server.sockets[0]?.readableEnded).toBe(true)
  })

  it('ends with the invocation where the server stalls while the door signs in', async () => {
    let harness: Harness | undefined
    const server = await openFakePostgres(password, () => {
      void harness?.endInvocation()
      return new Promise(() => undefined)
    })
    harness = await open(server.port)
    const { end } = await say(harness, hello)
    expect(await end).not.toContain(sessionKey.toString('latin1'))
    await expect.poll(() => harness?.others).toMatchObject([{ outcome: 'aborted' }])
  })

  it('opens where nothing is wrong, and says to the client what it does not know', async () => {
    const server = await openFakePostgres(password)
    const harness = await open(server.port)
    const newer = startup(
      requestCodes.version3 + 2,
      parameters([
        ['user', 'whoever'],
        ['_pq_.more', 'on'],
      ]),
    )
    const { socket } = await say(harness, newer)
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString('latin1', 0, 1)).toBe('v')
    expect(first.toString('latin1')).toContain('_pq_.more\0')
    expect(first.toString('latin1')).toContain(sessionKey.toString('latin1'))
  })
})
