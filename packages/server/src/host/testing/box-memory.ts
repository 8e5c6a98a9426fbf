import { readdirSync, readFileSync, rmSync } from 'node:fs'

import { discardBox, prepareBlank } from '../box/prepared-box.ts'
import { type EngineUnderTest, makeEngine, openFolder } from './make-engine.ts'
import { openSurroundings } from './surroundings.ts'

/** Many boxes alive at once, and what they cost. */
export interface Crowd {
  readonly boxes: number
  readonly functions: number
  /** PSS of all in one box and in its parser, mean over all boxes: pages that several share count in parts. */
  readonly pssMb: number
  /** Until all were ready. */
  readonly startedMs: number
  /** One call of each function, while all the others stand by: the middle one and the slowest. */
  readonly callMs: { readonly p50: number; readonly max: number }
}

/** Starts `each` boxes of `functions` functions, calls every function once, and ends them all. */
export async function crowd(functions: number, each: number, runtime: 'node' | 'python' = 'node'): Promise<Crowd> {
  const under = await makeEngine({
    runtime,
    parsers: true,
    attachExits: () => ({ endInvocation: () => Promise.resolve(), close: () => undefined }),
  })
  try {
    const began = performance.now()
    const names = Array.from({ length: functions }, (_, index) => `f${index}`)
    for (const name of names) await under.deploy({ name, warmBoxes: each, maxBoxes: each + 1, reuse: 'user' })
    await allReady(under, functions * each)
    const startedMs = performance.now() - began
    // One that did not come up, on a machine that is too busy, was replaced.
    const sizes = startsOf(under)
      .map(pidsIn)
      .filter(([box]) => box !== undefined && below(box).length > 0)
      .map((pids) => mean(pids.map(pssOf)) * pids.length)
    const times: number[] = []
    for (const functionName of names) {
      const started = performance.now()
      await under.call({ probe: 'echo', value: 1 }, { functionName })
      times.push(performance.now() - started)
    }
    times.sort((one, other) => one - other)
    return {
      boxes: sizes.length,
      functions,
      pssMb: mean(sizes),
      startedMs,
      callMs: { p50: times[Math.floor(times.length / 2)] ?? Number.NaN, max: times.at(-1) ?? Number.NaN },
    }
  } finally {
    await under.close()
  }
}

/** What each of so many boxes takes that wait for a function with their runtime started, and of that its parser. */
export async function waitingBoxes(
  count: number,
  runtime: 'node' | 'python' = 'node',
): Promise<{ readonly pssMb: number; readonly parserMb: number }> {
  const folder = openFolder()
  const around = await openSurroundings(folder)
  const boxes = await Promise.all(
    Array.from({ length: count }, () => prepareBlank({ runtime, memoryMb: 192 }, '', around)),
  )
  const [own, parsers] = [boxes.map(({ pod }) => pod.pid), boxes.flatMap(({ parser }) => parser.pid ?? [])]
  try {
    await atRest(() => own, count, restingMs)
    const parserMb = mean(parsers.map(pssOf))
    return { pssMb: mean(own.map(pssOf)) + parserMb, parserMb }
  } finally {
    await Promise.all(boxes.map((box) => discardBox(box, around)))
    around.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A runtime that waits gives back what it can after a second of rest. */
const restingMs = 3_000

const startsOf = (under: EngineUnderTest): readonly string[] =>
  under.events.filter(({ kind }) => kind === 'box-start').map(({ detail }) => detail)

const allReady = (under: EngineUnderTest, count: number): Promise<void> =>
  atRest(() => startsOf(under).map(pidIn), count, 1_000)

/** A box that is ready has a runtime that waits, so that its processor time stands still. */
async function atRest(pids: () => readonly number[], count: number, forMs: number): Promise<void> {
  for (let last = ''; ;) {
    await new Promise((resolve) => setTimeout(resolve, forMs))
    const now = JSON.stringify(pids().map((pid) => below(pid).map(processorTime)))
    if (pids().length >= count && now === last) return
    last = now
  }
}

const mean = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0) / sizes.length

const pidIn = (detail: string): number => Number(/\d+/.exec(detail)?.[0])
/** Of the box, and of its parser. */
const pidsIn = (detail: string): readonly number[] => (detail.match(/\d+/g) ?? []).map(Number)

function pssOf(pid: number): number {
  const sizes = [pid, ...below(pid)].map((one) =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1] ?? 0),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 1024
}

function below(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter(Boolean)
      .map(Number)
      .flatMap((child) => [child, ...below(child)]),
  )
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // it has ended
  }
}

function processorTime(pid: number): string {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 13)
    .join(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
