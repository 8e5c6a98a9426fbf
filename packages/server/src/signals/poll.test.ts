import { expect, test } from 'vitest'

import type { Verdict } from './gate.ts'
import { pollStream } from './poll.ts'

type Answer = Readonly<Record<string, unknown>> | Error

/** Polls until there is no further answer; gives back what was asked, for how long it paused, and what was heard. */
async function poll(
  answers: readonly Answer[],
  verdicts: Readonly<Record<string, Verdict>> = {},
): Promise<{ asked: unknown[]; pauses: number[]; heard: number; delivered: string[]; troubles: number }> {
  const ending = new AbortController()
  const seen = { asked: [] as unknown[], pauses: [] as number[], heard: 0, delivered: [] as string[], troubles: 0 }
  const left = [...answers]
  await pollStream({
    ask: async (body) => {
      seen.asked.push(JSON.parse(body))
      const answer = left.shift()
      if (answer === undefined) ending.abort()
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('ended')
      return new TextEncoder().encode(JSON.stringify(answer))
    },
    deliver: async (token) => {
      seen.delivered.push(token)
      return verdicts[token] ?? { kind: 'taken' }
    },
    heard: () => void seen.heard++,
    onTrouble: () => void seen.troubles++,
    signal: ending.signal,
    pause: async (ms) => void seen.pauses.push(ms),
  })
  return seen
}

test('events are acknowledged with the next request, faulty ones reported', async () => {
  const { asked, delivered, heard } = await poll(
    [{ sets: { e1: 'good', e2: 'bad' }, moreAvailable: true }, { sets: {} }],
    {
      bad: { kind: 'refused', code: 'signal.signature', message: 'Wrong.' },
    },
  )
  expect(delivered).toEqual(['good', 'bad'])
  expect(heard).toBe(2)
  expect(asked).toEqual([
    { maxEvents: 20, ack: [], setErrs: {} },
    {
      maxEvents: 20,
      ack: ['e1'],
      setErrs: { e2: { err: 'authentication_failed', description: 'signal.signature: Wrong.' } },
    },
    { maxEvents: 20, ack: [], setErrs: {} },
  ])
})

test('what could not be judged is neither acknowledged nor reported, and asked for later', async () => {
  const { asked, pauses } = await poll([{ sets: { e1: 'x' }, moreAvailable: true }], { x: { kind: 'unavailable' } })
  expect(asked[1]).toEqual({ maxEvents: 20, ack: [], setErrs: {} })
  expect(pauses).toEqual([5_000])
})

test('acknowledgements are kept until a request with them was answered', async () => {
  const { asked, troubles } = await poll([{ sets: { e1: 'x' }, moreAvailable: true }, new Error('away'), { sets: {} }])
  expect(asked.map((one) => (one as { ack: unknown }).ack)).toEqual([[], ['e1'], ['e1'], []])
  expect(troubles).toBe(1)
})

test('a transmitter that fails is asked ever more rarely, and is not heard', async () => {
  const away = new Error('away')
  const { pauses, heard } = await poll([away, away, away, away, away, away])
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  expect(heard).toBe(0)
})

for (const [what, answer] of [
  ['no sets', {}],
  ['sets in a list', { sets: ['x'] }],
  ['a text for sets', { sets: 'x' }],
  ['more sets than were asked for', { sets: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`e${i}`, 'x'])) }],
  ['sets that are no text', { sets: { e1: {} } }],
] as const) {
  test(`an answer with ${what} counts as a failure, and nothing of it is taken`, async () => {
    const { delivered, heard, troubles } = await poll([answer])
    expect({ delivered, heard, troubles }).toEqual({ delivered: [], heard: 0, troubles: 1 })
  })
}
