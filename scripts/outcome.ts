import { readFileSync, writeFileSync } from 'node:fs'

/** One case that did not pass, and why: what it found, or why it did not run. */
export interface NotPassed {
  readonly name: string
  readonly reason: string
}

/** What a test program found. */
export interface Outcome {
  readonly passed: number
  readonly failed: readonly NotPassed[]
  readonly skipped: readonly NotPassed[]
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
  const labelled = ({ name, reason }: NotPassed): NotPassed => ({ name: `${prefix}: ${name}`, reason })
  return { passed, failed: failed.map(labelled), skipped: skipped.map(labelled) }
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
    return { passed: 0, failed: [{ name, reason: `it ended with ${code} and left no result` }], skipped: [] }
  }
  if (outcome.passed + outcome.failed.length + outcome.skipped.length === 0) {
    return { passed: 0, failed: [{ name, reason: 'it found no tests' }], skipped: [] }
  }
  if (code !== 0 && outcome.failed.length === 0) {
    return { ...outcome, failed: [{ name, reason: `it ended with ${code}, and no case failed` }] }
  }
  return outcome
}

/** The closing lines of `npm test`: every skip and every failure by name and reason, then the plain count. */
export function summary({ passed, failed, skipped }: Outcome): string {
  return [
    ...(skipped.length === 0 ? [] : ['Skipped:', ...skipped.map(({ name, reason }) => `  ${name}: ${reason}`)]),
    ...(failed.length === 0 ? [] : ['Failed:', ...failed.map(({ name, reason }) => `  ${name}: ${shortened(reason)}`)]),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
    '',
  ].join('\n')
}

/** How many lines of a reason stand there, from its beginning and from its end, and how long each may be. */
const shown = { first: 4, last: 12, length: 240 }

/** What a program said may fill pages: how it began and how it ended say most. Indented below its name. */
function shortened(reason: string): string {
  const lines = reason.trim().split('\n')
  const left = lines.length - shown.first - shown.last
  const kept = left <= 0 ? lines : [...lines.slice(0, shown.first), `… ${left} lines …`, ...lines.slice(-shown.last)]
  return kept.map((line) => line.slice(0, shown.length)).join('\n    ')
}
