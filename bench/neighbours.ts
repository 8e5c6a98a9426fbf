import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Flooded, withWorld, type World } from '../packages/cli/src/attacks/index.ts'

// What one box's flood costs a caller whose box is another one, through the whole server: gateway, walk, ledger, box.
// Rounds without and with the flood come by turns, so that whatever else the machine does falls on both; the last
// column is the p99 of all rounds with it over that of all rounds without. The flood itself, the caller and the server
// share the processors. `npm run bench -- neighbours`, or this file with the names of floods.

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
const rounds = 6
const roundMs = 1_500

const named = process.argv.slice(2)
console.log('flood from another box       calls   p50 ms   p99 ms   quiet p50  quiet p99  × quiet   bound met')
await withWorld(join(import.meta.dirname, '../examples/checkout'), { engine: 'box' }, Date.now, async (world) => {
  await callsUntil(world, after(2 * roundMs)) // its box is made, and everything is warm
  for (const of of floods.filter((one) => named.length === 0 || named.includes(one))) {
    const quiet: number[] = []
    const during: number[] = []
    let bound = ''
    for (let round = 0; round < rounds; round++) {
      quiet.push(...(await callsUntil(world, after(roundMs))))
      let over = false
      const flooding = world.inside('storefront', { do: 'flood', of, forMs: roundMs })
      void flooding.finally(() => (over = true))
      during.push(...(await callsUntil(world, () => over)))
      bound = (await flooding).code
      await sleep(300)
    }
    const [p50, p99, quietP99] = [at(during, 0.5), at(during, 0.99), at(quiet, 0.99)]
    const cells = [p50.toFixed(1), p99.toFixed(1), at(quiet, 0.5).toFixed(1), quietP99.toFixed(1)]
    cells.push((p99 / quietP99).toFixed(2))
    console.log(of.padEnd(26), `${during.length}`.padStart(7), ...cells.map((cell) => cell.padStart(9)), `  ${bound}`)
  }
})

/** How long each call took, one after the other. */
async function callsUntil(world: World, over: () => boolean): Promise<readonly number[]> {
  const times: number[] = []
  while (!over()) {
    const began = performance.now()
    const { got, code } = await world.inside('storefront', { do: 'wait', ms: 0 }, 'bob')
    if (!got) throw new Error(`a call of the neighbour failed: ${code}`)
    times.push(performance.now() - began)
  }
  return times
}

function after(ms: number): () => boolean {
  const until = performance.now() + ms
  return () => performance.now() >= until
}

function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
