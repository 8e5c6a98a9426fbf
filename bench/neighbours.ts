import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Flooded, withWorld, type World } from '../packages/cli/src/attacks/index.ts'

// What one box's flood costs a caller whose box is another one, through the whole server: gateway, walk, ledger, box.
// The same calls without a flood come before and after each one; the nearer is what it is compared with. The flood
// itself, the caller and the server share the processors: `alone` with one busy process beside it is the first row.

const floods: readonly Flooded[] = [
  'heap',
  'memory',
  'processes',
  'processor',
  'disk',
  'output',
  'slow reads',
  'connections',
  'names',
  'watches',
]
const measureMs = 6_000
const quietMs = 3_000
const floodMs = 1_500

console.log('flood from another box           calls   p50 ms   p99 ms   quiet p99   × quiet   bound met')
await withWorld(join(import.meta.dirname, '../examples/checkout'), { engine: 'box' }, Date.now, async (world) => {
  await callsDuring(world, quietMs) // its box is made, and everything is warm
  let quiet = await callsDuring(world, quietMs)
  for (const of of floods) {
    const over = new AbortController()
    const flooding = floodUntil(world, of, over.signal)
    await sleep(200)
    const during = await callsDuring(world, measureMs)
    over.abort()
    const bound = await flooding
    await sleep(500)
    const after = await callsDuring(world, quietMs)
    const [near, met] = [Math.max(at(quiet, 0.99), at(after, 0.99)), at(during, 0.99)]
    const cells = [at(during, 0.5).toFixed(1), met.toFixed(1), near.toFixed(1), (met / near).toFixed(2)]
    console.log(of.padEnd(30), `${during.length}`.padStart(7), ...cells.map((cell) => cell.padStart(8)), `  ${bound}`)
    quiet = after
  }
})

/** How long each call took, one after the other. */
async function callsDuring(world: World, ms: number): Promise<readonly number[]> {
  const times: number[] = []
  for (const until = performance.now() + ms; performance.now() < until;) {
    const began = performance.now()
    const { got, code } = await world.inside('storefront', { do: 'wait', ms: 0 }, 'bob')
    if (!got) throw new Error(`a call of the neighbour failed: ${code}`)
    times.push(performance.now() - began)
  }
  return times.toSorted((one, other) => one - other)
}

/** One flood after the other; gives what the last one met. */
async function floodUntil(world: World, of: Flooded, over: AbortSignal): Promise<string> {
  let met = ''
  while (!over.aborted) {
    const { code } = await world.inside('storefront', { do: 'flood', of, forMs: floodMs })
    met = code
  }
  return met
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
