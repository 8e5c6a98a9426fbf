import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

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

const killed: readonly Kind[] = ['runtime', 'first of a box', 'watch over a box', 'of nobody', 'janitor']
const functionNames = ['one', 'other'] as const
const lanesEach = 2
const settleMs = 20_000

/**
 * Calls two functions without a pause while processes are killed at moments of no pattern: in each round one of every
 * kind, the janitor once. A call may fail only when a process of its own function was killed, once for each caller;
 * afterwards that function answers again. The same seed gives the same moments.
 */
export async function killing({ rounds, seed }: { rounds: number; seed: bigint }): Promise<KillReport> {
  await (await makeEngine()).close() // whatever is opened once per process
  const before = inventory()
  const under = await makeEngine({ reserve: true })
  for (const name of functionNames) await under.deploy({ name, reuse: 'shared', maxBoxes: 2, warmBoxes: 1 })
  const wrong: string[] = []
  const kinds = new Set<Kind>()
  const moment = moments(seed)
  const mayFail = new Map<string, number>(functionNames.map((name) => [name, 0]))
  const over = new AbortController()
  let [answered, kills] = [0, 0]

  const lane = async (functionName: string): Promise<void> => {
    while (!over.signal.aborted) {
      const result = await under.invoke({ probe: 'wait', ms: 5 }, { functionName, deadline: Date.now() + settleMs })
      under.output.length = 0
      if (result.kind === 'response') answered += 1
      else if ((mayFail.get(functionName) ?? 0) > 0) mayFail.set(functionName, (mayFail.get(functionName) ?? 0) - 1)
      else wrong.push(`${functionName} failed with ${result.code} though nothing of it was killed`)
    }
  }
  const lanes = functionNames.flatMap((name) => Array.from({ length: lanesEach }, () => lane(name)))
  for (let round = 0; round < rounds; round++) {
    for (const kind of killed) {
      if (kind === 'janitor' && round > 0) continue
      await sleep(moment() * 150)
      const victim = await find(under, kind, moment)
      if (victim === undefined) {
        wrong.push(`there was nothing of the kind: ${kind}`)
        continue
      }
      if (victim.functionName !== undefined) mayFail.set(victim.functionName, lanesEach)
      if (!kill(victim.pid)) continue
      kills += 1
      kinds.add(kind)
      for (const functionName of functionNames) {
        const again = await answers(under, functionName)
        if (!again) wrong.push(`${functionName} did not answer after the end of: ${kind}`)
      }
      for (const name of functionNames) mayFail.set(name, 0)
    }
  }
  over.abort()
  await Promise.all(lanes)
  await under.close()
  return { kinds, kills, answered, wrong, left: await leftSince(before) }
}

interface Victim {
  readonly pid: number
  readonly functionName?: string
}

/** Waits for one of this kind: a box that was killed a moment ago may be the only one that there was. */
async function find(under: EngineUnderTest, kind: Kind, moment: () => number): Promise<Victim | undefined> {
  for (const until = Date.now() + settleMs; Date.now() < until; await sleep(20)) {
    const owners = new Map(
      under.events
        .filter((event) => event.kind === 'box-start')
        .map(({ detail, functionName }) => [Number(/\d+/.exec(detail)?.[0]), functionName] as const),
    )
    const found = processesBelow(process.pid).flatMap(({ pid, way }): readonly Victim[] => {
      const [top = pid] = way
      const functionName = owners.get(top)
      return kindOf(commandOf(pid), way.length, functionName !== undefined) === kind
        ? [{ pid, ...(functionName === undefined ? {} : { functionName }) }]
        : []
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
