import { runChecks } from './checks.ts'
import { summary } from './outcome.ts'

const outcome = await runChecks()
process.stdout.write(summary(outcome))
process.exitCode = outcome.failed.length === 0 ? 0 : 1
