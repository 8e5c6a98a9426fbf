import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { findCgroups } from '../../start/index.ts'
import { inventory, leftSince, processesBelow } from './inventory.ts'
import { type EngineUnderTest, makeEngine } from './make-engine.ts'

/** What came of killing one process after another. */
export interface KillReport {
  /** What was killed, each at least once. */
  readonly kinds: ReadonlySet<Kind>
  readonly kills: number
  readonly answered: number
  readonly wrong: readonly string[]
  /** Each thing that is there now and was not before, in words. */
  readonly left: readonly string[]
}

/** What an engine's processes are. `of nobody`: of a box that belongs to no function yet. */
export type Kind = 'runtime' | 'first of a box' | 'watch over a box' | 'of nobody' | 'janitor'

const ofBoxes: readonly Kind[] = ['runtime', 'first of a box', 'watch over a box', 'of nobody']
const [killed, spared] = ['killed', 'spared'] as const
const lanesEach = 2
const settleMs = 20_000

/**
 * Calls two functions without a pause while processes are killed at moments of no pattern: in each round one of every
 * kind, the janitor once, where there are control groups for it to remove. Of the one function boxes are killed, and it
 * answers again each time; of the other none are, and no call of it may fail. The same seed gives the same moments.
 */
export async function killing({ rounds, seed }: { rounds: number; seed: bigint }): Promise<KillReport> {
  await (await makeEngine()).close() // whatever is opened once per process
  const before = inventory()
  const under = await makeEngine({ reserve: true })
  // Each has all the boxes that it may have before the first is killed: from then on the spared one needs no other.
  for (const name of [killed, spared]) await under.deploy({ name, reuse: 'shared', maxBoxes: 2, warmBoxes: 2 })
  while (under.events.filter(({ kind }) => kind === 'box-start').length < 4) await sleep(20)
  const wrong: string[] = []
  const kinds = new Set<Kind>()
  const moment = moments(seed)
  const over = new AbortController()
  let [answered, kills] = [0, 0]

  const lane = async (functionName: string): Promise<void> => {
    while (!over.signal.aborted) {
      const result = await under.invoke({ probe: 'wait', ms: 5 }, { functionName, deadline: Date.now() + settleMs })
      under.output.length = 0
      if (result.kind === 'response') answered += 1
      else if (functionName === spared)
        wrong.push(`a call failed with ${result.code} though none of its boxes was killed`)
    }
  }
  const lanes = [killed, spared].flatMap((name) => Array.from({ length: lanesEach }, () => lane(name)))
  for (let round = 0; round < rounds; round++) {
    for (const kind of round === 0 && findCgroups() !== undefined ? [...ofBoxes, 'janitor' as const] : ofBoxes) {
      await sleep(moment() * 150)
      const victim = await find(under, kind, moment)
      if (victim === undefined) {
        wrong.push(`there was nothing of the kind: ${kind}`)
        continue
      }
      if (!kill(victim)) continue
      kills += 1
      kinds.add(kind)
      if (!(await answers(under, killed))) wrong.push(`its function did not answer after the end of: ${kind}`)
    }
  }
  over.abort()
  await Promise.all(lanes)
  await under.close()
  return { kinds, kills, answered, wrong, left: await leftSince(before) }
}

/** Waits for one of this kind: a box that was killed a moment ago may be the only one that there was. */
async function find(under: EngineUnderTest, kind: Kind, moment: () => number): Promise<number | undefined> {
  for (const until = Date.now() + settleMs; Date.now() < until; await sleep(20)) {
    const owners = new Map(
      under.events
        .filter((event) => event.kind === 'box-start')
        .map(({ detail, functionName }) => [Number(/\d+/.exec(detail)?.[0]), functionName] as const),
    )
    const found = processesBelow(process.pid).flatMap(({ pid, way }) => {
      const owner = owners.get(way[0] ?? pid)
      return owner !== spared && kindOf(commandOf(pid), way.length, owner !== undefined) === kind ? [pid] : []
    })
    const victim = found[Math.floor(moment() * found.length)]
    if (victim !== undefined) return victim
  }
  return undefined
}

/** By its command and how deep it stands: this process, what watches over a box, the box's first, what runs in it. */
function kindOf(command: string, depth: number, owned: boolean): Kind | undefined {
  if (command.includes('sallyport-janitor')) return 'janitor'
  const runtime = command.startsWith('/var/lang/bin/node')
  if (!owned) return runtime ? 'of nobody' : undefined
  if (runtime) return 'runtime'
  if (!command.startsWith('/usr/bin/bwrap')) return undefined
  return depth === 1 ? 'watch over a box' : 'first of a box'
}

async function answers(under: EngineUnderTest, functionName: string): Promise<boolean> {
  for (const until = Date.now() + settleMs; Date.now() < until; await sleep(20)) {
    const result = await under.invoke({ probe: 'echo', value: 1 }, { functionName, deadline: Date.now() + settleMs })
    if (result.kind === 'response') return true
  }
  return false
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false // it has ended by itself meanwhile
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

/** The same on every machine and every run (a linear congruential generator; Knuth's constants). */
function moments(seed: bigint): () => number {
  let state = seed
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number(state >> 40n) / 2 ** 24
  }
}
