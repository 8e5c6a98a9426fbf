import { availableParallelism } from 'node:os'

import { defaultServerConditions } from 'vite'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  // Without `module`: Node itself does not know it, and some packages cannot be loaded by it.
  // Not `resolve.conditions`: that one does not reach the tests' own imports, and a stale dist would be tested.
  ssr: { resolve: { conditions: ['source', ...defaultServerConditions.filter((name) => name !== 'module')] } },
  test: {
    // How long a test may hang, and nothing else: it waits for conditions, on a machine that may be busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Files share the modules of a worker, and one worker more than processors: most of them wait for something.
    isolate: false,
    maxWorkers: availableParallelism() + 1,
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
}

export default config
