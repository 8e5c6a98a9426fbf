import type { SealedStore } from '../ports.ts'

/** The fake of the sealed store: nothing is sealed and nothing survives. */
export function createMemoryStore(nowSeconds: () => number): SealedStore {
  const kinds = new Map<string, Map<string, { readonly value: string; readonly until: number }>>()
  const alive = (kind: string, id: string): string | undefined => {
    const entry = kinds.get(kind)?.get(id)
    return entry !== undefined && nowSeconds() < entry.until ? entry.value : undefined
  }
  return {
    get: alive,
    put(kind, id, value, expiresAtSeconds = Number.POSITIVE_INFINITY) {
      const entries = kinds.get(kind) ?? new Map()
      kinds.set(kind, entries.set(id, { value, until: expiresAtSeconds }))
    },
    delete: (kind, id) => void kinds.get(kind)?.delete(id),
    ids: (kind) => [...(kinds.get(kind)?.keys() ?? [])].filter((id) => alive(kind, id) !== undefined),
  }
}
