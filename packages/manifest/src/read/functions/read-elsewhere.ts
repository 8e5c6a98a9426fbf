import type { BoxCounts, Elsewhere } from '../../app.ts'
import { child, textOf, type Node } from '../../source/node.ts'
import type { Reading } from '../reading.ts'
import { substitute } from '../substitute.ts'
import { judged, readUpstream } from '../upstream.ts'

/** `engine: http` and `engine: lambda`; undefined for a function that runs here. */
export function readElsewhere(functionName: string, value: Node | undefined, reading: Reading): Elsewhere | undefined {
  const path = `functions.${functionName}`
  const flag = (key: string): boolean => {
    const found = child(value, key)
    return found?.kind === 'flag' && found.value
  }
  const common = { version: textOf(child(value, 'version')) ?? '', idempotent: flag('idempotent') }
  const engine = textOf(child(value, 'engine'))
  switch (engine) {
    case 'http': {
      const found = readUrl(child(value, 'url'), `${path}.url`, reading)
      const privateUpstream = flag('private') || (found?.private ?? false)
      return { engine: 'http', ...common, privateUpstream, url: found?.url ?? '' }
    }
    case 'lambda': {
      const region = textOf(child(value, 'region')) ?? ''
      const written = child(value, 'endpoint')
      const found = written === undefined ? undefined : readUpstream(written, `${path}.endpoint`, reading)
      return {
        engine: 'lambda',
        ...common,
        privateUpstream: flag('private') || (found?.private ?? false),
        functionName: textOf(child(value, 'function')) ?? '',
        region,
        endpoint: found?.origin ?? `https://lambda.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
      }
    }
    case undefined:
    default:
      return undefined
  }
}

/** `calls:` with its defaults, in the form that boxes have: nothing is made ahead of need elsewhere. */
export function readCalls(node: Node | undefined): BoxCounts {
  const numberOf = (key: string): number | undefined => {
    const found = child(node, key)
    return found?.kind === 'number' ? found.value : undefined
  }
  const max = numberOf('max') ?? 8
  return { min: 0, max, idleMs: 300_000, queue: numberOf('queue') ?? max * 16 }
}

/** An address with a path, its origin judged as a door's is. Nothing may hide who is called: no user, no fragment. */
function readUrl(
  node: Node | undefined,
  path: string,
  reading: Reading,
): { readonly url: string; readonly private: boolean } | undefined {
  const written = textOf(node)
  if (node === undefined || written === undefined) return undefined
  const text = substitute(written, node.at, reading.environment, reading.substitutions, reading.faults)
  if (text === undefined) return undefined
  const [, origin, rest = ''] = /^([a-z]+:\/\/[^/?#]*)(\/[\x21-\x22\x24-\x7e]*)?$/i.exec(text) ?? []
  if (origin === undefined) {
    const message = `${path}: "${text}" is not an origin with a path.`
    reading.faults.add('manifest.insecure_upstream', node.at, message, 'https://functions.example.com/invoke')
    return undefined
  }
  const found = judged(origin, node, path, reading)
  return found === undefined ? undefined : { url: `${found.origin}${rest || '/'}`, private: found.private }
}
