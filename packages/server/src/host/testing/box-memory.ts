import { readdirSync, readFileSync } from 'node:fs'

import { type EngineUnderTest, makeEngine } from './make-engine.ts'

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
    const sizes = under.events
      .filter(({ kind }) => kind === 'box-start')
      .map(({ detail }) =>
        pidsIn(detail)
          .map(pssOf)
          .reduce((sum, size) => sum + size, 0),
      )
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
      pssMb: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
      startedMs,
      callMs: { p50: times[Math.floor(times.length / 2)] ?? Number.NaN, max: times.at(-1) ?? Number.NaN },
    }
  } finally {
    await under.close()
  }
}

/** A box that is ready has a runtime that waits, so that its processor time stands still. */
async function allReady(under: EngineUnderTest, count: number): Promise<void> {
  const started = () => under.events.filter(({ kind }) => kind === 'box-start')
  for (let last = ''; ;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const now = JSON.stringify(started().map(({ detail }) => below(pidIn(detail)).map(processorTime)))
    if (started().length >= count && now === last) return
    last = now
  }
}

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
