// Runs vitest over the folders given and leaves the outcome in a file:
// node scripts/vitest.ts OUTCOME FOLDER…
import type { Reporter, TestModule } from 'vitest/node'
import { DefaultReporter, startVitest } from 'vitest/node'

import { type NotPassed, type Outcome, writeOutcome } from './outcome.ts'
import { top } from './run.ts'

function outcomeOf(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): Outcome {
  let passed = 0
  const because = (name: string, errors: readonly { readonly message: string }[] = []): NotPassed => ({
    name,
    reason: errors.map(({ message }) => message).join('\n'),
  })
  const failed = unhandled.map((error) => because('outside of any test', [error]))
  const skipped: NotPassed[] = []
  for (const module of modules) {
    if (module.errors().length > 0) failed.push(because(module.relativeModuleId, module.errors()))
    for (const test of module.children.allTests()) {
      const name = `${module.relativeModuleId} › ${test.fullName}`
      const result = test.result()
      if (result.state === 'passed') passed += 1
      else if (result.state === 'skipped')
        skipped.push({ name, reason: result.note ?? 'its condition does not hold here' })
      else failed.push(because(name, result.errors))
    }
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0)
        failed.push(because(`${module.relativeModuleId} › ${suite.fullName}`, suite.errors()))
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
