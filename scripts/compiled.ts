import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { run } from './run.ts'

/** What Node made of the source, kept for the next process of a test run. */
export interface Compiled {
  /** An environment in which Node takes it from there. */
  readonly environment: NodeJS.ProcessEnv
  remove(): void
}

/** What whole servers and commands load. */
const loaded = ['packages/server/src/serve.ts', 'packages/cli/src/index.ts']

/**
 * Compiles the product once: servers and commands are started by the hundred, each from source. A server that gave up
 * root reads what is made here, and can add nothing to it; so everybody may read it.
 */
export async function compileProduct(): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-compiled-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const environment = { ...process.env, NODE_COMPILE_CACHE: folder }
  try {
    const load = loaded.map((file) => `await import('./${file}')`).join('\n')
    const code = await run({ name: 'compile', node: ['-C', 'source', '--input-type=module', '-e', load], environment })
    if (code !== 0) throw new Error(`the product cannot be loaded: ${code}`)
    chmodSync(folder, 0o755)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      chmodSync(join(folder, name), 0o755) // Node leaves its files to their owner
    }
  } catch (error) {
    remove()
    throw error
  }
  return { environment, remove }
}
