// Runs test files under node:test and leaves the outcome in a file: node scripts/node-tests.ts OUTCOME FILE…
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

import { type NotPassed, writeOutcome } from './outcome.ts'
import { top } from './run.ts'

const [file, ...files] = process.argv.slice(2)
if (file === undefined) throw new TypeError('usage: node-tests.ts OUTCOME FILE…')

let passed = 0
const failed: NotPassed[] = []
const skipped: NotPassed[] = []
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
process.once('SIGINT', () => stop.abort())

// Files one after another: several of them start whole servers, and the machine may have two cores.
const stream = run({ cwd: top, files, concurrency: 1, execArgv: ['-C', 'source'], signal: stop.signal })
const place = (path: string | undefined): string => (path === undefined ? '' : `${path.replace(`${top}/`, '')} › `)
stream.on('test:pass', ({ name, file: path, details, skip }) => {
  if (details.type === 'suite') return
  if (skip === undefined || skip === false) passed += 1
  else skipped.push({ name: place(path) + name, reason: typeof skip === 'string' && skip ? skip : 'says no reason' })
})
stream.on('test:fail', ({ name, file: path, details }) => {
  if (details.type !== 'suite' || path === undefined)
    failed.push({ name: place(path) + name, reason: reasonOf(details.error) })
})
/** The runner wraps what a test threw. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message
}

stream.compose(spec).pipe(process.stdout)
await new Promise((resolve) => stream.once('end', resolve))
writeOutcome(file, { passed, failed, skipped })
process.exitCode = failed.length === 0 ? 0 : 1
