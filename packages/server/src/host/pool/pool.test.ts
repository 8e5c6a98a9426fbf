import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { BoxHooks } from '../box/box.ts'
import type { BoxSurroundings } from '../box/box-surroundings.ts'
import type { FunctionImage } from '../image.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import type { PreparedBox } from '../box/prepared-box.ts'
import { type FakeBox, fakeBox } from '../testing/fake-box.ts'
import { imageOf } from '../testing/make-engine.ts'
import { type Boxes, createPool, type Pool, type PoolOptions } from './pool.ts'
import { createTurns } from './turns.ts'

let made: FakeBox[]
let discarded: PreparedBox[]
let pool: Pool
beforeEach(() => {
  vi.useFakeTimers()
  made = []
  discarded = []
})
afterEach(async () => {
  const closed = pool.close()
  for (const box of made) box.ends()
  await vi.advanceTimersByTimeAsync(1_000)
  await closed
  vi.useRealTimers()
})

const fakeBoxes = {
  prepareBox: () => Promise.resolve({ pod: { gone: new Promise(() => undefined) } }),
  prestart: (_: unknown, prepared: PreparedBox) => Promise.resolve(prepared),
  startBox: (_: unknown, __: unknown, ___: unknown, hooks: BoxHooks) => {
    const box = fakeBox(String(made.length), hooks)
    made.push(box)
    return box
  },
  discardBox: (prepared: PreparedBox) => Promise.resolve(void discarded.push(prepared)),
} as unknown as Boxes

function open(changed: Partial<FunctionImage> = {}, more: Partial<PoolOptions> = {}): void {
  const image = { ...imageOf({ codeDir: '/' }), warmBoxes: 0, maxBoxes: 1, maxWaiting: 2, ...changed }
  const around = { clock: Date.now, turns: createTurns(8, 1_000) } as unknown as BoxSurroundings
  pool = createPool(image, around, { uid: undefined, boxes: fakeBoxes, ...more })
}

let ids = 0
function call(affinity = '', deadlineMs = 60_000): Promise<InvocationResult> & { readonly id: string } {
  const id = String((ids += 1))
  const invocation = { id, affinity, deadline: Date.now() + deadlineMs } as unknown as Invocation
  return Object.assign(pool.invoke(invocation), { id })
}

const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0))
const answered = (box: FakeBox): Promise<void> => {
  box.answers()
  return settled()
}
const codeOf = async (result: Promise<InvocationResult>): Promise<string> => {
  const given = await result
  return given.kind === 'error' ? given.code : given.kind
}
const boxAt = (at: number): FakeBox => {
  const box = made[at]
  if (box === undefined) throw new Error(`there is no box ${at}`)
  return box
}

describe('who waits for a box', () => {
  it('is served in turn, and refused where the queue is full', async () => {
    open()
    const first = call()
    await settled()
    boxAt(0).asks()
    const [second, third, fourth] = [call(), call(), call()]
    expect(await codeOf(fourth)).toBe('function.busy')
    for (const one of [first, second, third]) {
      await answered(boxAt(0))
      expect(await codeOf(one)).toBe('response')
      boxAt(0).asks()
    }
    expect(boxAt(0).served).toEqual([first.id, second.id, third.id])
  })

  it('is refused at the deadline, and is not served after it', async () => {
    open()
    void call()
    await settled()
    boxAt(0).asks()
    const late = call('', 50)
    await vi.advanceTimersByTimeAsync(60)
    expect(await codeOf(late)).toBe('function.busy')
    await answered(boxAt(0))
    boxAt(0).asks()
    expect(boxAt(0).served).toHaveLength(1)
  })

  it('is told whether a box was being made or all were busy', async () => {
    open()
    const first = call('', 50)
    await vi.advanceTimersByTimeAsync(60)
    expect(await first).toMatchObject({ message: 'its box was not ready in time' })
    boxAt(0).asks()
    void call()
    await settled()
    const second = call('', 50)
    await vi.advanceTimersByTimeAsync(60)
    expect(await second).toMatchObject({ message: 'no box became free in time' })
  })

  it('never gets the box of somebody else under reuse: user, and the longest unused makes room, once', async () => {
    open({ reuse: 'user', maxBoxes: 2 })
    for (const [at, who] of ['alice', 'bob'].entries()) {
      void call(who)
      await settled()
      boxAt(at).asks()
      await answered(boxAt(at))
      await vi.advanceTimersByTimeAsync(10)
      boxAt(at).asks()
    }
    const carol = call('carol')
    await settled()
    boxAt(1).asks() // whatever happens meanwhile, one box that ends is enough for one who waits
    expect(made.map(({ killed }) => killed.length)).toEqual([1, 0])
    boxAt(0).ends()
    await settled()
    boxAt(2).asks()
    expect(made.map(({ served }) => served.includes(carol.id))).toEqual([false, false, true])
  })

  it('gets a box that has served nobody, and that serves nobody else, under reuse: never', async () => {
    open({ reuse: 'never', maxBoxes: 2 })
    const first = call()
    await settled()
    boxAt(0).asks()
    const second = call()
    await answered(boxAt(0))
    expect(await codeOf(first)).toBe('response')
    expect(boxAt(0).killed, 'at once: not even a timer of its call runs on').toHaveLength(1)
    await settled()
    boxAt(1).asks()
    expect(boxAt(1).served).toEqual([second.id])
  })

  it('hears that no box can be made', async () => {
    open()
    const waiting = call()
    await settled()
    boxAt(0).ends({ initFailure: 'its module did not load' })
    expect(await codeOf(waiting)).toBe('function.init_failed')
    expect(await codeOf(call()), 'the next, while it backs off').toBe('function.init_failed')
    expect(made).toHaveLength(1)
  })
})

it('who waits is told of no box that failed where another one is well', async () => {
  open({ maxBoxes: 2 })
  const first = call()
  await settled()
  boxAt(0).asks()
  const second = call()
  await settled()
  boxAt(1).ends({ initFailure: 'it had no room to load' })
  await answered(boxAt(0))
  boxAt(0).asks()
  await answered(boxAt(0))
  expect([await codeOf(first), await codeOf(second)]).toEqual(['response', 'response'])
  expect(boxAt(0).served).toEqual([first.id, second.id])
})

it('a box in which somebody debugs is made for that, and is none that waited without a debugger', async () => {
  const taken: string[] = []
  const reserve = {
    keepFor: () => undefined,
    take: () => void taken.push('one that waited'),
    close: async () => undefined,
  }
  const image = { codeDir: import.meta.dirname } // a folder of a few files
  open(image, { reserve })
  void call()
  await settled()
  expect(taken, 'control').toHaveLength(1)
  const closed = pool.close()
  boxAt(0).ends()
  await closed
  taken.length = 0
  const inspector = { address: '127.0.0.1:9229', attach: () => undefined, close: async () => undefined }
  open(image, { reserve, inspector })
  void call()
  await settled()
  expect([taken.length, made.length]).toEqual([0, 2])
})

describe('a pool that is drained', () => {
  it('gives back those who wait, lets a running call end, and ends its box then', async () => {
    open()
    const running = call()
    await settled()
    boxAt(0).asks()
    const waiting = call()
    expect(pool.drain().map(({ invocation }) => invocation.id)).toEqual([waiting.id])
    expect(boxAt(0).killed).toEqual([])
    await answered(boxAt(0))
    expect(await codeOf(running)).toBe('response')
    boxAt(0).asks()
    expect(boxAt(0).killed).toHaveLength(1)
  })

  it('ends what is idle or loads, and discards what was still being made', async () => {
    open({ maxBoxes: 3 })
    void call()
    await settled()
    boxAt(0).asks()
    await answered(boxAt(0))
    boxAt(0).asks()
    void call('', 500)
    void call('', 500)
    await settled() // the second loads
    void call('', 500) // a third is being made
    pool.drain()
    await settled()
    expect(boxAt(1).killed).toHaveLength(1)
    boxAt(1).asks() // it had just loaded
    expect(boxAt(1).killed, 'nor told so again').toHaveLength(1)
    expect(made).toHaveLength(2)
    expect(discarded).toHaveLength(1)
  })

  it('hands those who wait to its successor, where their deadline still holds', async () => {
    open()
    void call()
    await settled()
    boxAt(0).asks()
    const waiting = call('', 80)
    const handed = pool.drain()
    const before = pool
    open({ maxBoxes: 1 })
    pool.adopt(handed)
    await vi.advanceTimersByTimeAsync(100)
    expect(await codeOf(waiting)).toBe('function.busy')
    boxAt(0).ends()
    await before.close()
  })

  it('refuses those who wait once it closes', async () => {
    open()
    void call()
    await settled()
    boxAt(0).asks()
    const waiting = call()
    void pool.close()
    expect(await codeOf(waiting)).toBe('function.busy')
    expect(boxAt(0).killed).toHaveLength(1)
  })
})

describe('a box that nobody uses', () => {
  it('rests, and ends later, but for as many as are kept and are nobody’s', async () => {
    open({ reuse: 'user', maxBoxes: 3, warmBoxes: 1, idleBoxMs: 40_000 })
    await settled()
    boxAt(0).asks()
    void call('alice')
    await vi.advanceTimersByTimeAsync(0)
    expect(boxAt(0).served).toHaveLength(1)
    await answered(boxAt(0))
    boxAt(0).asks()
    await settled()
    boxAt(1).asks() // the next that is kept
    await vi.advanceTimersByTimeAsync(20_000)
    expect(made.map(({ frozen }) => frozen.length > 0)).toEqual([true, true])
    expect(made.map(({ killed }) => killed.length)).toEqual([0, 0])
    await vi.advanceTimersByTimeAsync(40_000)
    expect(made.map(({ killed }) => killed.length)).toEqual([1, 0])
  })
})
