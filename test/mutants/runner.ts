import { type RunnerTask, type RunnerTestFile, type RunnerTestSuite, TestRunner, vi } from 'vitest'
import { startTests } from 'vitest/internal/browser'

import { readJob, say } from './job.ts'

const job = readJob()
let awake = job.fromTheStart ? job.mutants[0] : 0
let reached = new Uint8Array(job.last + 1)
globalThis.mutant = (id) => {
  reached[id] = 1
  return id === awake
}

// As they are before a test puts false ones in their place.
const later = setImmediate
const now = performance.now.bind(performance)

let strays = 0
for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, () => (strays += 1))

/** By the number of a mutant: 1 where it was reached. */
type Reached = Uint8Array<ArrayBuffer>

/** What is known of one case of a test file: what it reaches, and how long it takes. */
interface Case {
  readonly ms: number
  readonly reached: Reached
}

/**
 * Runs each test file once for what its cases reach, and then again for each mutant that is reached, with only those
 * cases and until the first fails. The house's modules stay loaded; the test file itself is loaded anew each time.
 */
export default class MutantRunner extends TestRunner {
  /** What vitest itself asked for only loads the file: nothing of it is run. */
  onCollected(files: RunnerTestFile[]): void {
    for (const file of files) choose(file, () => false)
  }

  override async onBeforeRunSuite(file: RunnerTestSuite): Promise<void> {
    await super.onBeforeRunSuite(file)
    if (!('filepath' in file) || typeof file.filepath !== 'string') return
    if (job.fromTheStart) await tryFromTheStart(this, file.filepath)
    else await tryAll(this, file.filepath)
  }
}

async function tryAll(runner: TestRunner, filepath: string): Promise<void> {
  const loading = reached
  const cases = new Map<string, Case>()
  reached = new Uint8Array(job.last + 1)
  const first = await once(runner, filepath, () => true, cases)
  const always = first.outside
  const reachedAtAll = union([always, ...[...cases.values()].map((one) => one.reached)])
  const known = numbers(reachedAtAll)
  // A second time, for what cannot be run twice in one process: it would seem to notice everything.
  const failed = [...first.failed, ...(await once(runner, filepath, () => true, new Map())).failed]
  for (const { id } of failed) cases.delete(id)
  say(job, {
    kind: 'reached',
    ids: known,
    once: numbers(loading).filter((id) => reachedAtAll[id] === 0),
    failed: failed.map(({ name }) => name),
  })
  for (const id of job.mutants) {
    if (reachedAtAll[id] === 0) continue
    say(job, { kind: 'trying', id })
    const reaching = [...cases]
      .filter(([, one]) => always[id] === 1 || one.reached[id] === 1)
      .toSorted(([, one], [, other]) => one.ms - other.ms)
    let ms = 0
    const chosen = new Set(
      reaching.filter(([, one], index) => (ms += one.ms) <= job.maxMsPerMutant || index === 0).map(([name]) => name),
    )
    awake = id
    const without = await once(runner, filepath, (name) => chosen.has(name))
    awake = 0
    const [noticed] = without.failed
    if (noticed === undefined) {
      const again = without.outside[id] === 1
      say(job, again ? { kind: 'passed', id, partly: chosen.size < reaching.length } : { kind: 'once', id })
      continue
    }
    const control = await once(runner, filepath, (name) => (noticed.id === '' ? chosen.has(name) : name === noticed.id))
    if (control.failed.length > 0) {
      say(job, { kind: 'spoilt', id, by: noticed.name })
      return
    }
    say(job, { kind: 'noticed', id, by: noticed.name })
  }
}

/** One mutant, awake since before anything was loaded. */
async function tryFromTheStart(runner: TestRunner, filepath: string): Promise<void> {
  const [id = 0] = job.mutants
  say(job, { kind: 'trying', id })
  const { failed } = await once(runner, filepath, () => true, new Map())
  const noticed = failed.find(({ name }) => !job.failing.includes(name))
  say(job, noticed === undefined ? { kind: 'passed', id, partly: false } : { kind: 'noticed', id, by: noticed.name })
}

interface Run {
  readonly failed: readonly { readonly id: string; readonly name: string }[]
  /** What was reached outside of cases, or at all where cases are not told apart. */
  readonly outside: Reached
}

/** Loads the file anew and runs these of its cases; with `cases` all of them, noting what each one reaches. */
async function once(
  outer: TestRunner,
  filepath: string,
  wanted: (id: string) => boolean,
  cases?: Map<string, Case>,
): Promise<Run> {
  const outside = new Uint8Array(job.last + 1)
  reached = outside
  const straysBefore = strays
  const inner = quietly(outer, wanted, cases, outside)
  const files = await startTests([filepath], inner)
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.resetConfig()
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => later(resolve))
  const failed = files.flatMap(failures)
  if (failed.length === 0 && strays > straysBefore) failed.push({ id: '', name: 'an error that nobody caught' })
  return { failed, outside }
}

let loads = 0

/** The same runner, of which vitest hears nothing. */
function quietly(
  outer: TestRunner,
  wanted: (id: string) => boolean,
  cases: Map<string, Case> | undefined,
  outside: Reached,
): TestRunner {
  let startedAt = 0
  const inner: TestRunner = Object.create(outer)
  const silent = async (): Promise<void> => undefined
  Object.assign(inner, {
    cancelRun: false,
    cancel: TestRunner.prototype.cancel, // of this one, and not of what vitest started
    onTaskUpdate: silent,
    onCollectStart: (file: RunnerTestFile) => TestRunner.prototype.onCollectStart.call(inner, file),
    onCollected: (files: RunnerTestFile[]) => {
      for (const file of files) choose(file, wanted)
    },
    importFile: (path: string) => import(`${path}?mutant=${(loads += 1)}`),
    onBeforeRunSuite: (suite: RunnerTestSuite) => TestRunner.prototype.onBeforeRunSuite.call(inner, suite),
    onBeforeRunTask: async (test: RunnerTask & { type: 'test' }) => {
      await TestRunner.prototype.onBeforeRunTask.call(inner, test)
      startedAt = now()
      if (cases !== undefined) reached = new Uint8Array(job.last + 1)
    },
    onAfterRunTask: (test: RunnerTask & { type: 'test' }) => {
      TestRunner.prototype.onAfterRunTask.call(inner, test)
      if (cases === undefined && test.result?.state === 'fail') inner.cancel('test-failure')
      if (cases !== undefined) cases.set(test.id, { ms: now() - startedAt, reached })
      if (cases !== undefined) reached = outside
    },
  })
  return inner
}

/** Leaves of a file's cases those that are wanted. */
function choose(task: RunnerTask, wanted: (id: string) => boolean): boolean {
  const chosen =
    task.type === 'test' ? wanted(task.id) : task.tasks.map((below) => choose(below, wanted)).some((one) => one)
  if (!chosen && task.mode !== 'todo') task.mode = 'skip'
  return chosen
}

function failures(task: RunnerTask): { id: string; name: string }[] {
  const below = task.type === 'suite' ? task.tasks.flatMap(failures) : []
  if (below.length > 0 || task.result?.state !== 'fail') return below
  return [{ id: task.type === 'test' ? task.id : '', name: task.fullName }]
}

function union(sets: readonly Reached[]): Reached {
  const all = new Uint8Array(job.last + 1)
  for (const set of sets) for (const [id, one] of set.entries()) if (one === 1) all[id] = 1
  return all
}

function numbers(set: Reached): readonly number[] {
  return [...set.entries()].flatMap(([id, one]) => (one === 1 ? [id] : []))
}
