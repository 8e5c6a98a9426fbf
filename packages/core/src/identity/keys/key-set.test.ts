import { beforeAll, describe, expect, test } from 'vitest'

import { createKeySet, type KeySet } from './key-set.ts'
import { createTestIssuer, testNow } from '../testing/test-issuer.ts'

let keys: readonly unknown[]

beforeAll(async () => {
  const { publicJwk } = await createTestIssuer()
  keys = [publicJwk]
})

interface Source {
  readonly set: KeySet
  readonly clock: { now: number }
  fetches: number
  readonly troubles: unknown[]
  answer: () => Promise<{ keys: readonly unknown[] }>
}

function source(answer: Source['answer'] = async () => ({ keys })): Source {
  const clock = { now: testNow }
  const made: Source = {
    clock,
    fetches: 0,
    answer,
    troubles: [],
    set: createKeySet({
      source: () => {
        made.fetches++
        return made.answer()
      },
      nowSeconds: () => clock.now,
      onTrouble: (cause) => made.troubles.push(cause),
    }),
  }
  return made
}

async function codeOf(set: KeySet, keyId: string): Promise<string> {
  const found = await set.find(keyId)
  return 'kind' in found ? found.code : 'found'
}

describe('a fetched key set', () => {
  test('is fetched once for any number of tokens that come together', async () => {
    const made = source()
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(made.set, 'k1')))
    expect(new Set(codes)).toEqual(new Set(['found']))
    expect(made.fetches).toBe(1)
  })

  test('is not fetched again for unknown kids while it cools down', async () => {
    const made = source()
    for (let i = 0; i < 50; i++) expect(await codeOf(made.set, `hostile-${i}`)).toBe('token.unknown_key')
    expect(made.fetches).toBe(1)
    made.clock.now += 31
    await Promise.all(Array.from({ length: 50 }, (_, i) => codeOf(made.set, `more-${i}`)))
    expect(made.fetches).toBe(2)
  })

  test('remembers an unknown kid beyond the cool-down', async () => {
    const made = source()
    await codeOf(made.set, 'absent')
    made.clock.now += 31
    expect(await codeOf(made.set, 'absent')).toBe('token.unknown_key')
    expect(made.fetches).toBe(1)
  })

  test('remembers a thousand unknown kids and no more', async () => {
    const made = source()
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => codeOf(made.set, `hostile-${n}`)))
    made.clock.now += 31
    expect(await codeOf(made.set, 'hostile-1')).toBe('token.unknown_key')
    expect(made.fetches).toBe(1)
    expect(await codeOf(made.set, 'hostile-0')).toBe('token.unknown_key')
    expect(made.fetches).toBe(2)
  })

  test('answers known kids at once while a fetch for an unknown one hangs', async () => {
    const made = source()
    expect(await codeOf(made.set, 'k1')).toBe('found')
    made.clock.now += 31
    const hanging = Promise.withResolvers<{ keys: readonly unknown[] }>()
    made.answer = () => hanging.promise
    const unknown = codeOf(made.set, 'unknown')
    expect(await codeOf(made.set, 'k1')).toBe('found')
    hanging.resolve({ keys })
    expect(await unknown).toBe('token.unknown_key')
  })

  test('finds a key that was rotated in', async () => {
    const made = source(async () => ({ keys: [] }))
    expect(await codeOf(made.set, 'k1')).toBe('token.unknown_key')
    made.answer = async () => ({ keys })
    made.clock.now += 601
    expect(await codeOf(made.set, 'k1')).toBe('found')
  })

  test('goes on with known keys when the issuer is away, but not for more than a day', async () => {
    const made = source()
    expect(await codeOf(made.set, 'k1')).toBe('found')
    made.answer = () => Promise.reject(new Error('away'))
    made.clock.now += 86_399
    expect(await codeOf(made.set, 'k1')).toBe('found')
    made.clock.now += 1
    expect(await codeOf(made.set, 'k1')).toBe('token.keys_unavailable')
  })

  test('that could never be had verifies nothing and is asked for again after the cool-down only', async () => {
    const made = source(() => Promise.reject(new Error('away')))
    expect(await codeOf(made.set, 'k1')).toBe('token.keys_unavailable')
    expect(await codeOf(made.set, 'k1')).toBe('token.keys_unavailable')
    expect(made.fetches).toBe(1)
    expect(made.troubles).toHaveLength(1)
    made.clock.now += 30
    made.answer = async () => ({ keys })
    expect(await codeOf(made.set, 'k1')).toBe('found')
  })

  test('of impossible shape or size is not taken over', async () => {
    const made = source(async () => ({ keys: Array.from({ length: 101 }, () => keys[0]) }))
    expect(await codeOf(made.set, 'k1')).toBe('token.keys_unavailable')
    for (const shape of [{ keys: {} }, { keys: null }, [], null, 'keys']) {
      const other = source(async () => shape as { keys: [] }) // whoever stands there may send anything
      expect(await codeOf(other.set, 'k1'), JSON.stringify(shape)).toBe('token.keys_unavailable')
    }
  })

  test('of which some are no keys has the others', async () => {
    const [good] = keys
    const nameless = Object.fromEntries(Object.entries(Object(good)).filter(([name]) => name !== 'kid'))
    const made = source(async () => ({ keys: [null, 'key', [], {}, nameless, good] }))
    expect(await codeOf(made.set, 'k1')).toBe('found')
  })
})

test('a given key set is read once and never asked for again', async () => {
  const set = createKeySet({ source: { keys }, nowSeconds: () => testNow })
  expect(set.known('k1')).toBeUndefined()
  expect(await codeOf(set, 'k1')).toBe('found')
  expect(set.known('k1')).toBeDefined()
  expect(await codeOf(set, 'other')).toBe('token.unknown_key')
})
