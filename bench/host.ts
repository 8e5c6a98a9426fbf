import { rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

import { crowd, type Crowd, waitingBoxes } from '../packages/server/src/host/testing/box-memory.ts'
import { buildFunction, moduleFoldersOf } from '../packages/server/src/host/index.ts'
import { openPlaces, type Place } from '../packages/server/src/host/testing/box-costs.ts'
import { openFolder } from '../packages/server/src/host/testing/make-engine.ts'

// What a box costs: the same runtime client, the same runtime API and the same function, in a box and in a bare
// process of the same Node. Rounds alternate, so that a busy machine disturbs both alike.

const coldRounds = 12
const warmRounds = 2_000
const warmUp = 300

interface Times {
  readonly prepare: number[]
  readonly cold: number[]
  readonly first: number[]
  readonly warm: number[]
}

const places = await openPlaces()
const { bare, boxed, started: prestarted, blank } = places
const times = new Map<Place, Times>(
  [bare, boxed, prestarted, blank].map((place) => [place, { prepare: [], cold: [], first: [], warm: [] }]),
)

for (let round = 0; round < coldRounds; round++) {
  for (const [place, { prepare, cold, first }] of times) {
    const started = await place.start()
    prepare.push(started.prepareMs)
    cold.push(started.loadMs + started.firstCallMs)
    first.push(started.firstCallMs)
    await started.stop()
  }
}

const running = await Promise.all([bare, boxed].map(async (place) => [place, await place.start()] as const))
for (let round = -warmUp; round < warmRounds; round++) {
  for (const [place, started] of running) {
    const took = await started.call()
    if (round >= 0) times.get(place)?.warm.push(took)
  }
}
for (const [, started] of running) await started.stop()
places.close()

const processor = cpus()[0]?.model ?? 'unknown processor'
console.log(`Node ${process.version}, ${processor}, limits by ${places.limits}, load ${loadavg()[0]?.toFixed(1)}`)
row('', 'bare ms', 'box ms', 'ratio', 'target')
compare('cold start to first answer, box prepared', (of) => quantile(of?.cold, 0.5), '1.10')
const cold = (of: Place): number => quantile(times.get(of)?.cold, 0.5)
for (const [name, place] of [
  ['the same, its runtime started and waiting', prestarted],
  ['the same, started for no function yet', blank],
] as const)
  row(name, cold(bare).toFixed(3), cold(place).toFixed(3), (cold(place) / cold(bare)).toFixed(2), 'box ≤ 10 ms')
compare('first answer of a loaded one', (of) => quantile(of?.first, 0.5), 'box ≤ 10 ms')
compare(`warm invocation, p50 of ${warmRounds}`, (of) => quantile(of?.warm, 0.5), '1.05')
compare('warm invocation, p99', (of) => quantile(of?.warm, 0.99), '-')
row('preparing a box, off the path', '-', quantile(times.get(boxed)?.prepare, 0.5).toFixed(2), '-', '-')

await withBundles()

console.log()
row('idle boxes alive', 'PSS MB each', 'ready after s', 'call p50 ms', 'call max ms')
for (const runtime of ['node', 'python'] as const) {
  const { pssMb, parserMb } = await waitingBoxes(22, runtime)
  row(`22 that wait for a function, ${runtime}`, pssMb.toFixed(1), `parser ${parserMb.toFixed(1)}`)
}
tell('24 of one function, Node', await crowd(1, 24))
tell('24 of one function, Python', await crowd(1, 24, 'python'))
tell('200 of 50 functions, Node', await crowd(50, 4))

/** The same with a bundle of two large libraries, Stripe's and AWS's: 1.8 MB of JavaScript. */
async function withBundles(): Promise<void> {
  const [folder, appFolder] = [openFolder(), join(import.meta.dirname, '../examples/checkout')]
  const entry = join(appFolder, 'src/payments.ts')
  const built = await buildFunction({
    entry,
    runtime: 'node',
    appFolder,
    moduleFolders: moduleFoldersOf(appFolder),
    runtimeDir: join(folder, 'runtime'),
    execPath: process.execPath,
  })
  if ('faults' in built) throw new Error(built.faults[0]?.message)
  const large = await openPlaces(built.codeDir)
  const colds = new Map<Place, number[]>([large.bare, large.boxed, large.blank].map((place) => [place, []]))
  for (let round = 0; round < coldRounds; round++) {
    for (const [place, took] of colds) {
      const begun = await place.start()
      took.push(begun.loadMs + begun.firstCallMs)
      await begun.stop()
    }
  }
  large.close()
  rmSync(folder, { recursive: true, force: true })
  const p50 = (place: Place): number => quantile(colds.get(place), 0.5)
  for (const [name, place, target] of [
    ['with Stripe and AWS SDK: cold, box prepared', large.boxed, '1.10'],
    ['with them: started for no function yet', large.blank, '-'],
  ] as const)
    row(name, p50(large.bare).toFixed(1), p50(place).toFixed(1), (p50(place) / p50(large.bare)).toFixed(2), target)
}

function tell(name: string, { pssMb, startedMs, callMs }: Crowd): void {
  const cells = [pssMb, startedMs / 1_000, callMs.p50, callMs.max]
  row(name, ...cells.map((number) => number.toFixed(1)))
}

function compare(name: string, of: (times: Times | undefined) => number, target: string): void {
  const [bareMs, boxMs] = [of(times.get(bare)), of(times.get(boxed))]
  row(name, bareMs.toFixed(3), boxMs.toFixed(3), (boxMs / bareMs).toFixed(2), target)
}

function row(name: string, ...cells: readonly string[]): void {
  console.log([name.padEnd(44), ...cells.map((cell) => cell.padStart(12))].join(' '))
}

function quantile(values: readonly number[] = [], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
