import { defaultServerConditions } from 'vite'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  // Without `module`: Node itself does not know it, and some packages cannot be loaded by it.
  // Not `resolve.conditions`: that one does not reach the tests' own imports, and a stale dist would be tested.
  ssr: { resolve: { conditions: ['source', ...defaultServerConditions.filter((name) => name !== 'module')] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
}

export default config
