import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { type Finding, type Job, jobVariable } from './job.ts'

/** So long a process may say nothing: a test that waits in vain fails before, one that loops for ever never does. */
const silenceMs = 60_000
let jobs = 0
/** Those that run. */
const running = new Map<ChildProcess, Promise<void>>()
let interrupted = false

/** How a process ended: by itself, or by us, since it said nothing for too long or what it says is worth no more. */
export type End = 'done' | 'silent' | 'spoilt'

/** Runs a job in a process of its own, and gives all that it says to `hear`. */
export async function runJob(job: Omit<Job, 'results'>, hear: (finding: Finding) => void): Promise<End> {
  if (interrupted) return 'done'
  const path = join(job.root, `job-${(jobs += 1)}.json`)
  const results = `${path}.results`
  writeFileSync(results, '')
  writeFileSync(path, JSON.stringify({ ...job, results }))
  const child = spawn(process.execPath, ['-C', 'source', join(import.meta.dirname, 'process.ts')], {
    env: { ...process.env, [jobVariable]: path },
    stdio: 'ignore',
    detached: true, // with all that it starts, so that all of it can be ended
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  running.set(child, ended)
  try {
    return await follow(child, ended, results, hear)
  } finally {
    endGroup(child)
    await ended
    running.delete(child)
    for (const file of [path, results]) rmSync(file, { force: true })
  }
}

/** Ends all that run, for whoever is interrupted: they are in groups of their own, which no terminal ends. */
export async function endJobs(): Promise<void> {
  interrupted = true
  for (const child of running.keys()) endGroup(child)
  await Promise.all(running.values())
}

async function follow(
  child: ChildProcess,
  ended: Promise<void>,
  results: string,
  hear: (finding: Finding) => void,
): Promise<End> {
  let read = 0
  let heardAt = performance.now()
  const hearMore = (): boolean => {
    const lines = readFileSync(results, 'utf8').split('\n').slice(0, -1)
    const more = lines.slice(read).map((line): Finding => JSON.parse(line))
    read = lines.length
    if (more.length > 0) heardAt = performance.now()
    for (const finding of more) hear(finding)
    return more.some(({ kind }) => kind === 'spoilt')
  }
  while (existsSync(results)) {
    await Promise.race([ended, setTimeout(200)])
    const over = child.exitCode !== null || child.signalCode !== null
    if (hearMore()) return 'spoilt'
    if (over) return 'done'
    if (performance.now() - heardAt > silenceMs) return 'silent'
  }
  return 'silent'
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // There is none where it has ended, and all that it started.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
