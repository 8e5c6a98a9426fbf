import { loadPolicy } from '@open-policy-agent/opa-wasm'

import type { GuestInput } from '../input.ts'
import { isRecord, type LoadMessage, type Said } from '../messages.ts'
import { readResult } from './opa-result.ts'
import { ownsMemory } from './wasm-module.ts'

const pagesPerMb = 16 // a page of WebAssembly has 64 KiB

/**
 * Loads a module that `opa build -t wasm` made, with a memory that cannot grow beyond the guest's. Adversary: the
 * module. It can compute and nothing else: it is given OPA's imports, of which none reaches outside.
 */
export async function loadOpa({
  policy,
  entrypoint,
  data,
  memoryMb,
}: LoadMessage): Promise<(input: GuestInput) => Said> {
  const bytes = Buffer.from(policy, 'base64')
  if (ownsMemory(bytes)) throw new TypeError('the module brings a memory of its own, and OPA modules import theirs')
  const maximum = memoryMb * pagesPerMb
  const loaded = await loadPolicy(bytes, { initial: Math.min(16, maximum), maximum })
  const entrypoints: unknown = loaded.entrypoints
  const known = isRecord(entrypoints) ? Object.keys(entrypoints) : []
  if (!known.includes(entrypoint)) {
    throw new TypeError(`the module has no entrypoint ${entrypoint}; it has ${known.join(', ') || 'none'}`)
  }
  if (data !== undefined) loaded.setData(JSON.parse(data))
  return (input) => readResult(loaded.evaluate(input, entrypoint))
}
