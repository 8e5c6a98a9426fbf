// Runs the property tests of the policy engine with many more cases, each round with another seed, until one fails:
// node scripts/fuzz.ts [ROUNDS [TIMES]]
import { startVitest } from 'vitest/node'

import { top } from './run.ts'

const properties = ['packages/core/src/policy/agreement.test.ts', 'packages/core/src/policy/proof/agreement.test.ts']

const [rounds = '1000', times = '100'] = process.argv.slice(2)
for (let round = 0; round < Number(rounds); round += 1) {
  const seed = (Date.now() + round) % 2 ** 31
  process.stdout.write(`round ${round + 1}, seed ${seed}\n`)
  const vitest = await startVitest(properties, {
    root: top,
    run: true,
    watch: false,
    provide: { fuzz: { seed, times: Number(times) } },
  })
  const failed = vitest.state.getCountOfFailedTests()
  await vitest.close()
  if (failed > 0) {
    process.exitCode = 1
    break
  }
}
