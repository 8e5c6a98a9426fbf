import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { add, label, nothing, type Outcome, readOutcome } from './outcome.ts'
import { run, type Step } from './run.ts'

const bin = (name: string): string => `node_modules/.bin/${name}`

const steps: readonly Step[] = [
  { name: 'types, with only Web-standard globals in core', node: [bin('tsc'), '-p', 'tsconfig.pure.json'] },
  { name: 'types, everything', node: [bin('tsc'), '-p', 'tsconfig.json'] },
  { name: 'lint', node: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'no dead code', node: [bin('knip'), '--no-progress'] },
  { name: 'generated documents are in sync', node: ['-C', 'source', 'scripts/docs.ts', '--check'] },
]

const houseRules = ['test/rooms.test.ts', 'test/house.test.ts']

/** Every check, all of them even when one fails: types, lint, dead code, documents, floor plan, house rules. */
export async function runChecks(): Promise<Outcome> {
  let outcome = nothing
  for (const step of steps) {
    const code = await run(step)
    if (code !== 0) process.stderr.write(`check: ${step.name}: failed\n`)
    const failed = { name: step.name, reason: `it ended with ${code}` }
    outcome = add(outcome, code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: [failed] })
  }
  return label('check', add(outcome, await runNodeTests(houseRules)))
}

/** Runs test files under node:test, in a process of their own. */
export function runNodeTests(files: readonly string[], step: Partial<Step> = {}): Promise<Outcome> {
  return withOutcome(step, (file) => ['-C', 'source', 'scripts/node-tests.ts', file, ...files])
}

/** Runs vitest over the folders given, in a process of its own. */
export function runVitest(folders: readonly string[], step: Partial<Step> = {}): Promise<Outcome> {
  return withOutcome(step, (file) => ['-C', 'source', 'scripts/vitest.ts', file, ...folders])
}

async function withOutcome(step: Partial<Step>, node: (file: string) => readonly string[]): Promise<Outcome> {
  // Under the user's own temporary folder when the step runs as somebody else, who must be able to write there.
  const folder = mkdtempSync(join(step.environment?.['TMPDIR'] ?? tmpdir(), 'sallyport-outcome-'))
  try {
    if (step.as !== undefined) chownSync(folder, step.as, step.as)
    const file = join(folder, 'outcome.json')
    const name = node(file)[2] ?? 'tests'
    const code = await run({ name, ...step, node: node(file) })
    return readOutcome(file, name, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
