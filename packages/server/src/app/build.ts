import { SallyportError } from '@sallyport/core/access'
import type { App, Door } from '@sallyport/manifest'

import {
  buildFunction,
  type BuildFault,
  type Deployed,
  type FunctionImage,
  moduleFoldersOf,
  requireRunsc,
} from '../host/index.ts'

/**
 * Bundles every function of an app that runs here, each in a box without network. Throws `build.failed` with every
 * fault at once, and the reason of `stop` where nobody wants them any more.
 */
export async function buildFunctions(
  app: App,
  runtimeDir: string,
  report: (line: string) => void,
  stop: AbortSignal,
): Promise<readonly Deployed[]> {
  stop.throwIfAborted()
  const moduleFolders = moduleFoldersOf(app.folder)
  const runsc = app.functions.some(({ engine }) => engine === 'gvisor') ? await requireRunsc() : undefined
  const built = await Promise.all(
    app.functions.map(async (declared) => {
      const { name, zone, arn, timeoutMs, memoryMb, reuse, environment, code: entry, runtime, layers } = declared
      const { elsewhere } = declared
      if (elsewhere !== undefined) {
        const { max: maxCalls, queue } = declared.boxes
        return { name, arn, timeoutMs, maxCalls, maxWaiting: queue, elsewhere }
      }
      const { min: warmBoxes, max: maxBoxes, idleMs: idleBoxMs, queue: maxWaiting } = declared.boxes
      const result = await buildFunction({
        entry,
        runtime: declared.engine === 'workerd' ? 'workerd' : runtime,
        layers,
        ...(declared.handler === undefined ? {} : { handler: declared.handler }),
        appFolder: app.folder,
        moduleFolders,
        runtimeDir,
        execPath: process.execPath,
        onWarning: ({ code, message, file, line }) => report(`${name}: ${code} ${file}:${line} ${message}`),
      })
      if ('faults' in result) {
        const show = ({ code, message, file, line, column }: BuildFault): string =>
          `  ${file}:${line}:${column} ${code}: ${message}`
        return { faults: result.faults.map(show) }
      }
      const limits = { timeoutMs, memoryMb, reuse, maxBoxes, warmBoxes, idleBoxMs, maxWaiting }
      const image: FunctionImage = {
        name,
        zone,
        arn,
        environment,
        ...limits,
        ...(declared.tmpMb === undefined ? {} : { tmpMb: declared.tmpMb }),
        ...result,
        ...(declared.engine === 'gvisor' && runsc !== undefined ? { runsc } : {}),
        ports: portsOf(app, declared),
        webPorts: portsOf(app, declared, ['http']),
      }
      return image
    }),
  )
  stop.throwIfAborted()
  const faults = built.flatMap((result) => ('faults' in result ? result.faults : []))
  if (faults.length > 0) throw new SallyportError('build.failed', `The functions do not build:\n${faults.join('\n')}`)
  return built.filter((result): result is Deployed => !('faults' in result))
}

/** The ports, besides 80 and 443, of the doors that a function may use; a box has no listener for any other. */
export function portsOf(
  { doors }: App,
  { can }: App['functions'][number],
  kinds: readonly Door['kind'][] = ['http', 'postgres', 'tcp'],
): readonly number[] {
  const ports = doors
    .filter(({ kind, name }) => kinds.includes(kind) && can.some(({ target }) => target === name))
    .map(({ to }) => Number(new URL(to).port))
  return [...new Set(ports)].filter((port) => port !== 0).toSorted((a, b) => a - b)
}
