import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'

import { expect, it, vi } from 'vitest'

import { fromFunctionResult } from './event.ts'
import { createResultReader, readFunctionResult } from './read-answer.ts'

const large = 'x'.repeat(300_000)
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const priorityOf = (thread: string): number => {
  try {
    return getPriority(Number(thread))
  } catch {
    return -20 // it has ended
  }
}
const nameOf = (thread: string): string => {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim()
  } catch {
    return '' // it has ended
  }
}

for (const [what, value] of [
  ['an answer with a head', { statusCode: 201, headers: { 'x-a': 'b' }, cookies: ['c=1'], body: large }],
  ['base64', { statusCode: 200, body: Buffer.from(large).toString('base64'), isBase64Encoded: true }],
  ['a bare value', { large }],
  ['a head that is none', { statusCode: 200, headers: { 'x-a': 'b\r\nc: d' }, body: large }],
] as const) {
  it(`reads ${what} as it would a small one, and not in this thread`, { timeout: 60_000 }, async () => {
    const expected = fromFunctionResult(bytesOf(value))
    const parsed = vi.spyOn(JSON, 'parse')
    const answer = await readFunctionResult(bytesOf(value))
    expect(parsed.mock.calls.filter(([text]) => text.length > 100_000)).toEqual([])
    parsed.mockRestore()
    expect(answer?.status).toBe(expected?.status)
    expect(answer?.headers).toEqual(expected?.headers)
    expect(Buffer.from(answer?.body ?? []).equals(expected?.body ?? Buffer.alloc(0))).toBe(true)
  })
}

it(
  'reads one function apart whose answers take long, and the others are not behind it',
  { timeout: 60_000 },
  async () => {
    const read = createResultReader(512, () => 0) // whatever it takes is long
    const costly = (): Uint8Array => Buffer.from(`[${'[],'.repeat(300_000)}0]`)
    let ahead = 0
    const slow = Array.from({ length: 3 }, () => read(costly(), 'costly').then(() => (ahead += 1)))
    expect(await read(bytesOf({ statusCode: 204, body: large }), 'other')).toMatchObject({ status: 204 })
    expect(ahead).toBe(1) // the one that nobody knew yet
    await Promise.all(slow)
  },
)

it('keeps no thread that nobody needs, and has another when somebody does', { timeout: 60_000 }, async () => {
  const workers = (): string[] => readdirSync('/proc/self/task').filter((thread) => nameOf(thread) === 'WorkerThread')
  const others = new Set(workers())
  const own = (): number => workers().filter((thread) => !others.has(thread)).length
  const read = createResultReader(512, () => Infinity, 50)
  for (const size of [300_000, 400_000]) {
    const body = 'x'.repeat(size)
    expect(await read(bytesOf({ statusCode: 200, body }))).toMatchObject({ body: { byteLength: size } })
    expect(own(), 'control: it is there').toBe(1)
    await expect.poll(own).toBe(0)
  }
})

it('reads in a thread that lets others go first, and stays as it was itself', { timeout: 60_000 }, async () => {
  const own = getPriority()
  await readFunctionResult(bytesOf({ large }))
  const priorities = readdirSync('/proc/self/task').map(priorityOf)
  expect(Math.max(...priorities)).toBeGreaterThanOrEqual(Math.min(own + 5, 19))
  expect(getPriority()).toBe(own)
})

it('does not read a function apart whose answers are only large', { timeout: 60_000 }, async () => {
  const read = createResultReader()
  const five = 'x'.repeat(5_000_000)
  const order: string[] = []
  const readAs = (result: Uint8Array, name: string): Promise<unknown> => read(result, name).then(() => order.push(name))
  const results = [
    [{ body: five }, 'large'] as const,
    [{ body: five }, 'large'] as const,
    [{ large }, 'other'] as const,
  ]
  await Promise.all(results.map(([value, name]) => readAs(bytesOf(value), name)))
  expect(order).toEqual(['large', 'large', 'other'])
})

it('loses what no thread survives, and nothing that waits behind it', { timeout: 60_000 }, async () => {
  const read = createResultReader(16)
  const hostile = Buffer.from(`[${'[],'.repeat(1_000_000)}0]`)
  const answers = await Promise.all([hostile, bytesOf({ statusCode: 204, body: large })].map((one) => read(one)))
  expect(answers.map((answer) => answer?.status)).toEqual([undefined, 204])
})
