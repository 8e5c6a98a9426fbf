import type { BoxCounts, FunctionDeclaration } from '../../app.ts'
import { child, textOf, type Node } from '../../source/node.ts'
import { parseDurationMs } from '../../source/units.ts'
import type { Reading } from '../reading.ts'

type Runtime = FunctionDeclaration['runtime']

/** `code`, `runtime` and `handler`: what runs, by what, and where it begins. */
export function readCode(
  functionName: string,
  value: Node | undefined,
  { files, faults }: Reading,
): Pick<FunctionDeclaration, 'code' | 'runtime' | 'handler'> {
  const node = child(value, 'code')
  const name = textOf(node)
  const handler = textOf(child(value, 'handler'))
  const code = node === undefined || name === undefined ? '' : (files.locate(name, node.at, faults) ?? '')
  const written = runtimeNamed(textOf(child(value, 'runtime')))
  const runtime = written ?? runtimeByName(code) ?? runtimeOfFolder(code, handler, (path) => files.holds(path))
  if (runtime === undefined && node !== undefined && code !== '') {
    faults.add(
      'manifest.unsupported',
      node.at,
      `functions.${functionName}.code: "${name}" does not say what runs it.`,
      'add runtime: node, python or bootstrap, and for a folder handler: MODULE.FUNCTION',
    )
  }
  return { code, runtime: runtime ?? 'node', ...(handler === undefined ? {} : { handler }) }
}

/** `boxes:` with its defaults. */
export function readBoxes(functionName: string, node: Node | undefined, { faults }: Reading): BoxCounts {
  const numberOf = (key: string): number | undefined => {
    const found = child(node, key)
    return found?.kind === 'number' ? found.value : undefined
  }
  const max = numberOf('max') ?? 8
  const min = numberOf('min') ?? Math.min(1, max)
  if (node !== undefined && min > max) {
    faults.add('manifest.unsupported', node.at, `functions.${functionName}.boxes: min ${min} is more than max ${max}.`)
  }
  const idleMs = parseDurationMs(textOf(child(node, 'idle')) ?? '5m') ?? 300_000
  return { min, max, idleMs, queue: numberOf('queue') ?? max * 16 }
}

function runtimeNamed(text: string | undefined): Runtime | undefined {
  return text === 'node' || text === 'python' || text === 'bootstrap' ? text : undefined
}

function runtimeByName(path: string): Runtime | undefined {
  if (path.endsWith('/bootstrap')) return 'bootstrap'
  if (path.endsWith('.py')) return 'python'
  return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(path) ? 'node' : undefined
}

/** By what stands in it: a `bootstrap`, or the handler's module. */
function runtimeOfFolder(
  folder: string,
  handler: string | undefined,
  holds: (path: string) => boolean,
): Runtime | undefined {
  if (folder === '') return undefined
  if (holds(`${folder}/bootstrap`)) return 'bootstrap'
  const module = /^(.+?)\.[^/]+$/.exec(handler ?? '')?.[1]
  if (module === undefined) return undefined
  if (['.py', '/__init__.py'].some((end) => holds(`${folder}/${module}${end}`))) return 'python'
  return ['.mjs', '.js', '.cjs'].some((end) => holds(`${folder}/${module}${end}`)) ? 'node' : undefined
}
