import { afterEach, expect, it, vi } from 'vitest'

import type { BoxChannel, Exits } from './engine.ts'
import { type EngineUnderTest, makeEngine } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000 })

let host: EngineUnderTest
afterEach(() => host.close())

/** An engine whose doors are what a test makes of each box's channel. */
async function hostWith(attach: (channel: BoxChannel) => Partial<Exits>): Promise<void> {
  const open: Exits = { endInvocation: () => Promise.resolve(), close: () => undefined }
  host = await makeEngine({ attachExits: (channel) => ({ ...open, ...attach(channel) }) })
}

it('a box gets no further invocation until its door has closed everything of the last', async () => {
  const closing: (() => void)[] = []
  await hostWith(() => ({ endInvocation: () => new Promise((resolve) => closing.push(resolve)) }))
  await host.deploy({ maxBoxes: 1 })
  expect(await host.call({ probe: 'echo', value: 1 })).toBeDefined()
  let answered = false
  const second = host.call({ probe: 'echo', value: 2 }).then(() => (answered = true))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect([answered, closing.length]).toEqual([false, 1])
  closing.shift()?.()
  await second
  await expect.poll(() => closing).toHaveLength(1)
})

it('a box whose parser breaks its protocol ends with its call, on record, and another takes its place', async () => {
  const channels: BoxChannel[] = []
  await hostWith((channel) => {
    channels.push(channel)
    return {}
  })
  await host.deploy()
  const running = host.invoke({ probe: 'never' })
  await expect.poll(() => channels[0]?.current()?.id, { timeout: 30_000 }).toBeDefined()
  channels[0]?.onFault('id')
  expect(await running).toMatchObject({ kind: 'error', code: 'function.parser_ended' })
  await expect
    .poll(() => host.events)
    .toContainEqual(expect.objectContaining({ kind: 'box-breach', detail: expect.stringContaining('id') }))
  expect(await host.call({ probe: 'echo', value: 1 })).toBeDefined()
  expect(new Set(channels.map(({ boxId }) => boxId)).size).toBeGreaterThan(1)
})

it('a box whose parser ends, ends too', async () => {
  const channels: BoxChannel[] = []
  await hostWith((channel) => {
    channels.push(channel)
    return {}
  })
  await host.deploy()
  const running = host.invoke({ probe: 'never' })
  await expect.poll(() => channels[0]?.current()?.id, { timeout: 30_000 }).toBeDefined()
  channels[0]?.channel.destroy()
  expect(await running).toMatchObject({ kind: 'error', code: 'function.parser_ended' })
})
