import { appendFileSync, readFileSync } from 'node:fs'

/** What one process is to do: one test file, for the mutants that it is to notice. */
export interface Job {
  readonly root: string
  /** The test file, below the copy of the house. */
  readonly file: string
  readonly mutants: readonly number[]
  /** The one mutant is awake while modules are loaded, since what it changes happens only then. */
  readonly fromTheStart: boolean
  /** The cases that fail anyway. */
  readonly failing: readonly string[]
  /** Where it writes what it finds, one line of JSON each. */
  readonly results: string
  /** The highest number of a mutant. */
  readonly last: number
  /** For so long at most the cases that reach a mutant are run for it, by what they took with none awake. */
  readonly maxMsPerMutant: number
}

/** What a process says as it goes, so that whoever started it knows where it hung. */
export type Finding =
  /** What the cases reach with no mutant awake, what only loading the modules reaches, and which cases fail anyway. */
  | {
      readonly kind: 'reached'
      readonly ids: readonly number[]
      readonly once: readonly number[]
      readonly failed: readonly string[]
    }
  | { readonly kind: 'trying'; readonly id: number }
  | { readonly kind: 'noticed'; readonly id: number; readonly by: string }
  /** Not all cases that reach it were run where that would have taken too long. */
  | { readonly kind: 'passed'; readonly id: number; readonly partly: boolean }
  /** No case reached it a second time. */
  | { readonly kind: 'once'; readonly id: number }
  /** A case fails with no mutant awake once this one was: the process is of no more use. */
  | { readonly kind: 'spoilt'; readonly id: number; readonly by: string }

/** The variable that names the file with the job. */
export const jobVariable = 'SALLYPORT_MUTANTS_JOB'

/** The job of this process. */
export function readJob(): Job {
  return JSON.parse(readFileSync(process.env[jobVariable] ?? '', 'utf8'))
}

/** Says what was found; whoever started this process reads it. */
export function say(job: Job, finding: Finding): void {
  appendFileSync(job.results, `${JSON.stringify(finding)}\n`)
}
