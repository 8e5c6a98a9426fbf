import { contextKeys, type SignalRecord, type Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import type { Verdict } from './gate.ts'
import { aliceSince, makeSignalWorld, type SignalWorld } from './testing/world.ts'

const verification = 'https://schemas.openid.net/secevent/ssf/event-type/verification'
const updated = 'https://schemas.openid.net/secevent/ssf/event-type/stream-updated'

let world: SignalWorld

beforeEach(() => {
  world = makeSignalWorld()
})

const facts = (subject = aliceSince(world.time.wallMs)): Record<string, unknown> => world.standing.factsOf(subject)

describe('what decisions know', () => {
  test('nothing of people about whom no stream speaks', () => {
    const alice = aliceSince(world.time.wallMs)
    expect(facts({ ...alice, credential: undefined } as unknown as Subject)).toEqual({})
    expect(facts({ ...alice, credential: { ...alice.credential, issuerName: 'x' } } as Subject)).toEqual({})
  })

  test('a stream that was never heard is stale', () => {
    expect(facts()).toEqual({ [contextKeys.signalsFresh]: false })
  })

  test('a stream is fresh until it was silent for too long', async () => {
    await world.send(
      world.transmitter.event(verification, { state: 'x' }, { sub_id: { format: 'opaque', id: 'stream' } }),
    )
    expect(facts()).toEqual({ [contextKeys.signalsFresh]: true, [contextKeys.signalAge]: 0 })
    world.time.wallMs += 3_600_000
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: true, [contextKeys.signalAge]: 3600 })
    world.time.wallMs += 1
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: false })
    world.standing.heard('watch')
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: true })
  })

  test('a stream that was heard in the future is stale', async () => {
    world.standing.heard('watch')
    world.time.wallMs -= 120_000
    expect(facts()).toEqual({ [contextKeys.signalsFresh]: false })
  })

  test('a stream that says it will be silent is stale until it speaks again', async () => {
    await world.send(world.transmitter.event(updated, { status: 'paused' }))
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: false })
    world.standing.heard('watch')
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: false })
    await world.send(world.transmitter.event(updated, { status: 'enabled' }))
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: true })
  })

  test('risk, until it is said to be less, also after a restart', async () => {
    await world.send(world.transmitter.event('risk-level-change', { current_level: 'HIGH' }))
    expect(facts()).toMatchObject({ [contextKeys.risk]: 'high' })
    world.reopen()
    expect(facts()).toMatchObject({ [contextKeys.risk]: 'high', [contextKeys.signalsFresh]: true })
    expect(world.standing.people()).toEqual([{ target: 'user/pool:alice', risk: 'high' }])
    await world.send(world.transmitter.event('risk-level-change', { current_level: 'LOW' }))
    expect(facts()).toMatchObject({ [contextKeys.risk]: 'low' })
  })

  test('nobody’s standing by what ended alone, so no room for standings is filled by it', async () => {
    await world.send(world.transmitter.event('session-revoked', {}))
    expect(world.standing.people()).toEqual([])
    await world.send(world.transmitter.event('risk-level-change', { current_level: 'LOW' }))
    expect(world.standing.people()).toEqual([{ target: 'user/pool:alice', risk: 'low' }])
  })

  test('a person’s devices are told apart, and one that does not comply is enough', async () => {
    const user = { format: 'iss_sub', iss: 'https://people.example', sub: 'alice' }
    const named = (id: string): object => ({ sub_id: { format: 'complex', user, device: { format: 'opaque', id } } })
    const change = (status: string, id: string): Promise<Verdict> =>
      world.send(world.transmitter.event('device-compliance-change', { current_status: status }, { ...named(id) }))
    await change('not-compliant', 'phone')
    await change('compliant', 'laptop')
    expect(facts()).toMatchObject({ [contextKeys.deviceCompliant]: false, [contextKeys.deviceManaged]: false })
    expect(world.administration.isRevoked(aliceSince(world.time.wallMs - 60_000))).toBe(true)
    await change('compliant', 'phone')
    expect(facts()).toMatchObject({ [contextKeys.deviceCompliant]: true })
    expect(facts()).not.toHaveProperty(contextKeys.deviceManaged)
  })

  test('when more is known than can be held, nobody’s standing is', () => {
    world.reopen(1)
    const about = (name: string): SignalRecord => ({
      kind: 'signal',
      at: world.time.wallMs,
      stream: 'watch',
      event: 'x',
      id: name,
      issuedAtSeconds: world.time.wallMs / 1000,
      targets: [`user/pool:${name}`],
      risk: 'low',
    })
    world.standing.apply(about('alice'))
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: true })
    world.standing.apply(about('bob'))
    expect(facts()).toMatchObject({ [contextKeys.signalsFresh]: false })
    expect(world.standing.hasRoom()).toBe(false)
    world.time.wallMs += 8 * 86_400_000
    expect(world.standing.hasRoom()).toBe(true)
  })
})
