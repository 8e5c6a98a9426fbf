// Runs vitest over the folders given and leaves the outcome in a file:
// node scripts/vitest.ts OUTCOME FOLDER…
import type { Reporter, TestModule } from 'vitest/node'
import { DefaultReporter, startVitest } from 'vitest/node'

import { type Outcome, type Skip, writeOutcome } from './outcome.ts'
import { top } from './run.ts'

function outcomeOf(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): Outcome {
  let passed = 0
  const failed = unhandled.map((error) => `unhandled: ${error.message}`)
  const skipped: Skip[] = []
  for (const module of modules) {
    for (const error of module.errors()) failed.push(`${module.relativeModuleId}: ${error.message}`)
    for (const test of module.children.allTests()) {
      const name = `${module.relativeModuleId} › ${test.fullName}`
      const result = test.result()
      if (result.state === 'passed') passed += 1
      else if (result.state === 'skipped')
        skipped.push({ name, reason: result.note ?? 'its condition does not hold here' })
      else failed.push(name)
    }
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors())
        failed.push(`${module.relativeModuleId} › ${suite.fullName}: ${error.message}`)
    }
  }
  return { passed, failed, skipped }
}

const [file, ...folders] = process.argv.slice(2)
if (file === undefined || folders.length === 0) throw new TypeError('usage: vitest.ts OUTCOME FOLDER…')

const count: Reporter = {
  onTestRunEnd: (modules, unhandled) => writeOutcome(file, outcomeOf(modules, unhandled)),
}
const vitest = await startVitest(folders, {
  root: top,
  run: true,
  watch: false,
  reporters: [new DefaultReporter({ summary: false }), count],
})
await vitest.close()
