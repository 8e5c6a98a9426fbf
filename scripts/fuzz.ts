// Runs the property tests of the policy engine with many more cases, each round with another seed, until one fails:
// node scripts/fuzz.ts [ROUNDS [TIMES [decisions|proofs|universes]]]. For each of TIMES, a round asks both evaluators
// 106,500 questions, proves some 350 pairs of documents and layers, and 313 more (`universes` alone) that are held
// against every request of a small universe.
import { startVitest } from 'vitest/node'

import { top } from './run.ts'

const room = 'packages/core/src/policy'
const of: Readonly<Record<string, readonly string[]>> = {
  decisions: [`${room}/agreement.test.ts`],
  proofs: [`${room}/proof/agreement.test.ts`, `${room}/proof/enumeration.test.ts`],
  universes: [`${room}/proof/enumeration.test.ts`],
}

const [rounds = '1000', times = '100', what] = process.argv.slice(2)
const properties = what === undefined ? [...new Set(Object.values(of).flat())] : of[what]
if (properties === undefined) throw new Error(`there is nothing ${what} to try: ${Object.keys(of).join(' or ')}`)
for (let round = 0; round < Number(rounds); round += 1) {
  const seed = (Date.now() + round) % 2 ** 31
  process.stdout.write(`round ${round + 1}, seed ${seed}\n`)
  const vitest = await startVitest([...properties], {
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
