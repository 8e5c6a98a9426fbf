import { expect, test } from 'vitest'

import { type KeyStore, openRotation, type Rotation, type RotationPlan } from './rotation.ts'

const plan: RotationPlan = { signsForMs: 1_000, leadMs: 100, lingersMs: 50 }

/** A rotation whose keys are called k1, k2, …, on a clock of the test's own. */
function harness(options: { plan?: RotationPlan } = {}) {
  const kept = new Map<string, string>()
  const clock = { now: 10_000 }
  let made = 0
  const store: KeyStore = {
    get: (kind, id) => kept.get(`${kind}/${id}`),
    put: (kind, id, value) => void kept.set(`${kind}/${id}`, value),
  }
  const make = () => {
    made += 1
    return Promise.resolve({ keyId: `k${made}`, published: `public ${made}`, privatePem: `private ${made}` })
  }
  const open = (): Promise<Rotation> =>
    openRotation({ name: 'test', store, nowMs: () => clock.now, make, plan: options.plan ?? plan })
  return { clock, kept, open }
}

const names = (rotation: Rotation): string =>
  rotation
    .published()
    .map(({ keyId }) => keyId)
    .join()

test('the next key is published before it signs, and the old one until nothing that it signed is alive', async () => {
  const { clock, open } = harness()
  const rotation = await open()
  const seen: [number, string, string][] = []
  for (; clock.now < 11_300; clock.now += 50) {
    await rotation.advance()
    seen.push([clock.now, names(rotation), rotation.signing().keyId])
  }
  const changes = seen.filter(([, all, one], at) => all !== seen[at - 1]?.[1] || one !== seen[at - 1]?.[2])
  expect(changes).toEqual([
    [10_000, 'k1', 'k1'],
    [11_000, 'k1,k2', 'k1'],
    [11_100, 'k1,k2', 'k2'],
    [11_150, 'k2', 'k2'],
  ])
})

test('outlives a restart, and a stop of any length takes no lead away from anybody', async () => {
  const { clock, open } = harness()
  expect((await open()).signing().keyId).toBe('k1')
  expect((await open()).signing().keyId).toBe('k1')
  clock.now += 1_000_000
  const rotation = await open()
  expect([names(rotation), rotation.signing().keyId]).toEqual(['k1,k2', 'k1'])
  clock.now += 100
  expect(rotation.signing().keyId).toBe('k2')
})

test('a key that no longer signs keeps no private half, in memory or in the store', async () => {
  const { clock, kept, open } = harness()
  const rotation = await open()
  clock.now += 1_000
  await rotation.advance()
  expect(kept.get('sts-keys/test')).toContain('private 1')
  clock.now += 100
  await rotation.advance()
  expect(names(rotation)).toBe('k1,k2')
  expect(JSON.stringify(rotation.published())).not.toContain('private 1')
  expect(kept.get('sts-keys/test')).not.toContain('private 1')
})

test('a key beyond its age signs nothing, and the next one does at once', async () => {
  const { clock, open } = harness({ plan: { ...plan, maxAgeMs: 5_000 } })
  const rotation = await open()
  clock.now += 4_999
  expect(rotation.signing().keyId).toBe('k1')
  clock.now += 1
  expect(() => rotation.signing()).toThrow(expect.objectContaining({ code: 'sts.key_expired' }))
  await rotation.advance()
  expect([names(rotation), rotation.signing().keyId]).toEqual(['k1,k2', 'k2'])
})

test('a clock that is set back loses no key and makes none', async () => {
  const { clock, open } = harness()
  const rotation = await open()
  clock.now -= 5_000
  await rotation.advance()
  expect([names(rotation), rotation.signing().keyId]).toEqual(['k1', 'k1'])
})

test('the number of changes grows with each, also where the clock does not', async () => {
  const { clock, open } = harness()
  const rotation = await open()
  const first = rotation.changedAtMs()
  clock.now += 1_000
  await rotation.advance()
  clock.now -= 900
  const second = rotation.changedAtMs()
  expect(second).toBeGreaterThan(first)
  expect((await open()).changedAtMs()).toBe(second)
})

test('two who look at one time make one key', async () => {
  const { clock, open } = harness()
  const rotation = await open()
  clock.now += 1_000
  await Promise.all([rotation.advance(), rotation.advance()])
  expect(names(rotation)).toBe('k1,k2')
})

test('damaged keys are no keys', async () => {
  const { kept, open } = harness()
  kept.set('sts-keys/test', '{"keys":1}')
  await expect(open()).rejects.toMatchObject({ code: 'sts.keys_damaged' })
})
