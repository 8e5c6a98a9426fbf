import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { type EngineUnderTest, makeEngine } from '../testing/make-engine.ts'
import { openTrap, type Trap } from '../testing/traps.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest
let outside: Trap['outside']
let canary: Trap['canary']
let secret: string
let trap: Trap

beforeAll(async () => {
  trap = await openTrap()
  ;({ under, outside, canary, secret } = trap)
})
afterAll(() => trap.close())

describe('where a box can go', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('does not reach a listener of the host on %s', async (host) => {
    const before = canary.hits
    expect(await outside({ probe: 'connect', host, port: canary.port })).toContain('canary')
    expect(canary.hits).toBe(before + 1)
    expect(await under.call({ probe: 'connect', host, port: canary.port })).toBe('ECONNREFUSED')
    expect(canary.hits).toBe(before + 1)
  })

  it('does not reach an abstract unix socket of the host', async () => {
    const before = canary.hits
    const probe = { probe: 'connect', path: canary.abstractPath }
    expect(await outside(probe)).toContain('canary')
    expect(await under.call(probe)).toBe('ECONNREFUSED')
    expect(canary.hits).toBe(before + 1)
  })

  it.each([
    ['169.254.169.254', 80],
    ['10.1.2.3', 443],
    ['198.51.100.7', 80],
    ['fd00:ec2::254', 80],
    ['127.0.0.1', 443],
  ] as const)('ends at its own door when it connects to %s port %i', async (host, port) => {
    const before = under.contacts.length
    const id = randomBytes(16).toString('hex')
    await under.call({ probe: 'connect', host, port }, { id })
    const [contact] = under.contacts.slice(before)
    expect(contact?.address?.replace('::ffff:', '')).toBe(host)
    expect(contact).toMatchObject({ port, invocation: id })
  })

  it('is refused on every other port, and hears nothing from other datagrams', async () => {
    for (const port of [22, 53, 8080, 5432]) {
      expect(await under.call({ probe: 'connect', host: '198.51.100.7', port }), String(port)).toBe('ECONNREFUSED')
    }
    expect(await under.call({ probe: 'datagram', host: '198.51.100.7', port: 123 })).toBe('ECONNREFUSED')
  })

  it('resolves only what its door answers', async () => {
    expect(await outside({ probe: 'resolve', name: 'localhost' })).toMatch(/127|::1/)
    expect(await under.call({ probe: 'resolve', name: `${secret}.evil.example` })).toMatch(/EAI_AGAIN|ENOTFOUND/)
  })
})

describe('what an invocation leaves behind', () => {
  it('exits between invocations belong to nobody', async () => {
    const before = under.contacts.length
    await under.call({ probe: 'later', afterMs: 80, host: '203.0.113.1', port: 80 })
    await expect.poll(() => under.contacts.length).toBe(before + 1)
    expect(under.contacts.at(-1)?.invocation).toBeUndefined()
    await under.call({ probe: 'connect', host: '203.0.113.1', port: 80 }, { id: 'b'.repeat(32) })
    expect(under.contacts.at(-1)?.invocation, 'control: the same exit within one').toBe('b'.repeat(32))
  })

  it('the door hears of the end before the runtime is answered', async () => {
    const held = await makeEngine({ hold: true })
    await held.deploy()
    await held.call({ probe: 'halfRequest', host: '203.0.113.2', port: 80 })
    expect(held.ended.count).toBe(1)
    await expect.poll(() => held.contacts[0]?.socket.destroyed).toBe(true)
    await held.close()
  })

  it('takes the ticket of one attempt only once', async () => {
    const id = randomBytes(16).toString('hex')
    expect(await under.call({ probe: 'echo', value: 1 }, { id }), 'control').toBe(1)
    expect(await under.invoke({ probe: 'echo', value: 1 }, { id })).toMatchObject({ code: 'function.ticket_refused' })
  })

  it('a leftover child that polls for the next event is refused and reported', async () => {
    const before = under.events.length
    await under.call({ probe: 'pollNext', file: '/tmp/polled' })
    const answer = (): Promise<unknown> => under.call({ probe: 'read', path: '/tmp/polled' })
    await expect.poll(answer, { timeout: 30_000, interval: 100 }).toMatchObject({ ok: true, value: '403' })
    expect(under.events.slice(before).map(({ kind }) => kind)).toContain('box-breach')
  })
})
