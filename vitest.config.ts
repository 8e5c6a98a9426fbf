import { availableParallelism } from 'node:os'

import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: {
    // Node itself reads the source, as it does where the product runs: what it could not load is seen here, and
    // nothing is transformed on the way. Imports of our own packages lead to their source, never to a stale dist.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    execArgv: ['--conditions=source'],
    // How long a test may hang, and nothing else: it waits for conditions, on a machine that may be busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Files share the modules of a worker, and one worker more than processors: most of them wait for something.
    isolate: false,
    maxWorkers: availableParallelism() + 1,
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
}

export default config
