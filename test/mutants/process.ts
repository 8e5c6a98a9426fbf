import { setPriority } from 'node:os'
import { join } from 'node:path'

import { createVitest } from 'vitest/node'

import { readJob } from './job.ts'

/** Runs the test file of a job in one worker; `runner.ts` does the rest. */
async function main(): Promise<void> {
  setPriority(10)
  const { root, file } = readJob()
  const vitest = await createVitest(
    'test',
    {
      root,
      config: join(root, 'vitest.config.ts'),
      runner: join(import.meta.dirname, 'runner.ts'),
      watch: false,
      update: false,
      testTimeout: 10_000,
      hookTimeout: 10_000,
      maxWorkers: 1,
      reporters: [{}],
    },
    { server: { watch: null } },
  )
  await vitest.standalone()
  const project = vitest.getRootProject()
  await vitest.runTestSpecifications([project.createSpecification(join(root, 'whole', file))])
  await vitest.close()
}

await main()
