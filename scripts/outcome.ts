import { readFileSync, writeFileSync } from 'node:fs'

/** One case that did not run, and why. */
export interface Skip {
  readonly name: string
  readonly reason: string
}

/** What a test program found. */
export interface Outcome {
  readonly passed: number
  readonly failed: readonly string[]
  readonly skipped: readonly Skip[]
}

/** Nothing ran, nothing failed. */
export const nothing: Outcome = { passed: 0, failed: [], skipped: [] }

/** Both together. */
export function add(one: Outcome, other: Outcome): Outcome {
  return {
    passed: one.passed + other.passed,
    failed: [...one.failed, ...other.failed],
    skipped: [...one.skipped, ...other.skipped],
  }
}

/** Puts a word before each name: which user, which program. */
export function label(prefix: string, { passed, failed, skipped }: Outcome): Outcome {
  return {
    passed,
    failed: failed.map((name) => `${prefix}: ${name}`),
    skipped: skipped.map(({ name, reason }) => ({ name: `${prefix}: ${name}`, reason })),
  }
}

/** Leaves an outcome for the process that started this one. */
export function writeOutcome(file: string, outcome: Outcome): void {
  writeFileSync(file, JSON.stringify(outcome))
}

/**
 * Reads what a test program left. A program that ended badly, or left nothing, is itself a failed case:
 * a crash before the first test must never count as "0 failed".
 */
export function readOutcome(file: string, name: string, code: number): Outcome {
  let outcome: Outcome
  try {
    outcome = JSON.parse(readFileSync(file, 'utf8')) as Outcome // written by `writeOutcome` in our own child
  } catch {
    return { passed: 0, failed: [`${name} ended with ${code} and left no result`], skipped: [] }
  }
  if (outcome.passed + outcome.failed.length + outcome.skipped.length === 0) {
    return { passed: 0, failed: [`${name} found no tests`], skipped: [] }
  }
  if (code !== 0 && outcome.failed.length === 0) return { ...outcome, failed: [`${name} ended with ${code}`] }
  return outcome
}

/** The closing lines of `npm test`: every skip by name, every failure by name, then the plain count. */
export function summary({ passed, failed, skipped }: Outcome): string {
  return [
    ...(skipped.length === 0 ? [] : ['Skipped:', ...skipped.map(({ name, reason }) => `  ${name}: ${reason}`)]),
    ...(failed.length === 0 ? [] : ['Failed:', ...failed.map((name) => `  ${name}`)]),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
    '',
  ].join('\n')
}
