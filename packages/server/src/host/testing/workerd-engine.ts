import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'

import type { BoxEngineOptions } from '../box-engine.ts'
import type { BoxExtras } from '../box/box-options.ts'
import { findWorkerd } from '../build/find-workerd.ts'
import { prepareRuntimeFolder } from '../box/runtime-folder.ts'
import type { InvocationResult } from '../invocation.ts'
import { type EngineUnderTest, makeEngine, openFolder } from './make-engine.ts'

const repository = fileURLToPath(new URL('../../../../../', import.meta.url))

/**
 * A folder of modules in which workerd is installed: the repository's own, or the one that `SALLYPORT_TEST_MODULES`
 * names. Undefined where there is none, and what would test it is then skipped by name.
 */
export function workerdModules(): string | undefined {
  const folders = [process.env['SALLYPORT_TEST_MODULES'] ?? '', join(repository, 'node_modules')]
  const packages = ['@cloudflare/workerd-linux-64', '@cloudflare/workerd-linux-arm64']
  return folders.find((folder) => packages.some((name) => folder !== '' && existsSync(join(folder, name))))
}

/** The box engine, whose functions are the probes in workerd, and are given and give plain values. */
export async function makeWorkerdEngine(
  modules: string,
  options: Partial<BoxEngineOptions> & { readonly hold?: boolean } = {},
): Promise<EngineUnderTest> {
  const folder = openFolder()
  const runtimeDir = join(folder, 'runtime')
  const runtime = await prepareRuntimeFolder(runtimeDir, process.execPath)
  const program = await findWorkerd(runtime, repository, [modules])
  const [caPem = ''] = rootCertificates // any that is one: workerd reads it
  const boxExtras = (): BoxExtras => ({ environment: {}, caPem })
  const under = await makeEngine({ boxExtras, ...options, runtimeDir, runtime: 'workerd' })
  const invoke: EngineUnderTest['invoke'] = async (event, more) => unwrapped(await under.invoke(wrapped(event), more))
  return {
    ...under,
    deploy: (image = {}) =>
      under.deploy({ runtime: 'workerd', program, handler: 'index.default', shape: 'fetch', ...image }),
    invoke,
    close: async () => {
      await under.close()
      rmSync(folder, { recursive: true, force: true })
    },
    call: async (event, more) => {
      const result = await invoke(event, more)
      if (result.kind === 'error') throw new Error(`${result.code}: ${result.message}`)
      return JSON.parse(Buffer.from(result.body).toString('utf8'))
    },
  }
}

function wrapped(value: unknown): object {
  const requestContext = { http: { method: 'POST' }, domainName: 'probe.example' }
  return { version: '2.0', rawPath: '/', requestContext, headers: {}, body: JSON.stringify(value) }
}

function unwrapped(result: InvocationResult): InvocationResult {
  if (result.kind === 'error') return result
  const { body } = JSON.parse(Buffer.from(result.body).toString('utf8')) as { body: string }
  return { kind: 'response', body: Buffer.from(body) }
}
