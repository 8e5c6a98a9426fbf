import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { run } from './run.ts'

/** What whole servers and commands load. */
const loaded = ['packages/server/src/serve.ts', 'packages/cli/src/index.ts']

/**
 * Compiles the product once, into a folder that there is not yet, and gives the environment in which Node takes it from
 * there: servers and commands are started by the hundred, each from source. A server that gave up root reads what is
 * made here, and can add nothing to it; so everybody may read it.
 */
export async function compileProduct(folder: string, around: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  mkdirSync(folder, { mode: 0o755 })
  const environment = { ...around, NODE_COMPILE_CACHE: folder }
  const load = loaded.map((file) => `await import('./${file}')`).join('\n')
  const code = await run({ name: 'compile', node: ['-C', 'source', '--input-type=module', '-e', load], environment })
  if (code !== 0) throw new Error(`the product cannot be loaded: ${code}`)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    chmodSync(join(folder, name), 0o755) // Node leaves its files to their owner
  }
  return environment
}
