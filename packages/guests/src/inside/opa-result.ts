import { isRecord, type Said } from '../messages.ts'

/**
 * Reads `[{ result }]`, the result set of one evaluation: true, or an object with `allow` and perhaps a `reason`.
 * Adversary: a module that answers something which merely looks like a yes.
 */
export function readResult(value: unknown): Said {
  if (!Array.isArray(value)) return faulty('the module answered no result set')
  const results: readonly unknown[] = value
  const [first, ...more] = results
  if (first === undefined) return { fault: 'guest.undefined', detail: 'the entrypoint is undefined for this request' }
  if (more.length > 0 || !isRecord(first) || !('result' in first)) return faulty('the module answered no single result')
  const { result } = first
  if (typeof result === 'boolean') return { verdict: result ? 'allow' : 'deny' }
  if (!isRecord(result) || typeof result['allow'] !== 'boolean') {
    return faulty('the result is neither true or false, nor an object with allow')
  }
  const { allow, reason } = result
  return { verdict: allow ? 'allow' : 'deny', ...(typeof reason === 'string' ? { detail: reason } : {}) }
}

function faulty(detail: string): Said {
  return { fault: 'guest.faulty', detail }
}
