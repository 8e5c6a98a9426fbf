import { contextKeys } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import type { SignalRooms } from './gate.ts'
import type { Standing } from './standing.ts'
import { aliceSince, makeSignalWorld, type SignalWorld } from './testing/world.ts'
import { makeTransmitter } from './testing/transmitter.ts'

let world: SignalWorld

beforeEach(() => {
  world = makeSignalWorld()
})

describe('a signal', () => {
  test('ends what rests on the person whom it names, and a later sign-in counts again', async () => {
    const alice = aliceSince(world.time.wallMs - 60_000)
    expect(world.administration.isRevoked(alice)).toBe(false)
    expect(await world.send(world.transmitter.event('session-revoked', {}))).toEqual({ kind: 'taken' })
    expect(world.administration.isRevoked(alice)).toBe(true)
    expect(world.administration.isRevoked(aliceSince(world.time.wallMs + 2_000))).toBe(false)
    expect(world.administration.isRevoked({ ...alice, name: 'pool:bob' })).toBe(false)
    expect(world.ledger.map(({ kind }) => kind)).toEqual(['revocation', 'signal'])
  })

  test('that names a session ends that one alone', async () => {
    const user = { format: 'iss_sub', iss: 'https://people.example', sub: 'alice' }
    const named = { format: 'complex', user, session: { format: 'opaque', id: 's1' } }
    await world.send(world.transmitter.event('session-revoked', {}, { sub_id: named }))
    const alice = aliceSince(world.time.wallMs - 60_000)
    expect(world.administration.isRevoked(alice)).toBe(true)
    expect(world.administration.isRevoked({ ...alice, sessionId: 's2' })).toBe(false)
  })

  test('is world.decided and recorded as the act of its world.transmitter', async () => {
    await world.send(world.transmitter.event('session-revoked', {}))
    const [decision] = world.decided
    expect(decision).toMatchObject({
      effect: 'allow',
      asked: [
        {
          subject: { id: 'arn:sallyport:identity:shop::transmitter/watch' },
          action: 'sallyport:SendSignal',
          resource: 'arn:sallyport:admin:shop::signal/watch',
          context: { [contextKeys.target]: 'user/pool:alice' },
        },
      ],
    })
  })

  test('is applied once, however often it is sent, also after a restart', async () => {
    const event = world.transmitter.event('session-revoked', {})
    await world.send(event)
    expect(await world.send(event)).toEqual({ kind: 'taken' })
    world.reopen()
    expect(await world.send(event)).toEqual({ kind: 'taken' })
    expect(world.ledger).toHaveLength(2)
  })

  test('counts as applied only with its record: what could not be recorded is to be sent again', async () => {
    const event = world.transmitter.event('risk-level-change', { current_level: 'LOW' })
    world.broken = true
    expect(await world.send(event)).toEqual({ kind: 'unavailable' })
    world.broken = false
    expect(await world.send(event)).toEqual({ kind: 'taken' })
    expect(world.signals()).toHaveLength(1)
  })

  test('takes away at once, even where it cannot be recorded', async () => {
    world.broken = true
    expect(await world.send(world.transmitter.event('session-revoked', {}))).toEqual({ kind: 'unavailable' })
    expect(world.administration.isRevoked(aliceSince(world.time.wallMs - 60_000))).toBe(true)
  })
})

describe('nothing happens by', () => {
  const refused = async (token: string, code: string, changes: Partial<SignalRooms> = {}): Promise<void> => {
    expect(await world.send(token, 'watch', changes)).toMatchObject({ kind: 'refused', code })
    expect(world.ledger).toEqual([])
    expect(world.decided.at(-1)).toMatchObject({ effect: 'deny', reasons: [{ code }] })
  }

  test('an event that another key signed', async () => {
    const other = makeTransmitter(() => world.time.wallMs / 1000)
    await refused(other.event('session-revoked', {}), 'signal.signature')
  })

  test('an event about another issuer’s people', async () => {
    const named = { format: 'iss_sub', iss: 'https://elsewhere.example', sub: 'alice' }
    await refused(world.transmitter.event('session-revoked', {}, { sub_id: named }), 'signal.foreign_subject')
  })

  test('an event for which there is no memory to tell it from a used one', async () => {
    const full: Standing = { ...world.standing, hasRoom: () => false }
    await refused(world.transmitter.event('session-revoked', {}), 'signal.memory_full', { standing: full })
  })

  test('a transmitter on another’s stream', async () => {
    const answer = await world.send(world.transmitter.event('session-revoked', {}), 'unheard-of')
    expect(answer).toMatchObject({ kind: 'refused' })
    expect(world.ledger).toEqual([])
  })

  test('an event whose right ended while it was recorded', async () => {
    const event = world.transmitter.event('session-revoked', {})
    expect(await world.send(event, 'watch', { isCurrent: () => false })).toEqual({ kind: 'unavailable' })
    expect(world.ledger).toEqual([])
  })
})
