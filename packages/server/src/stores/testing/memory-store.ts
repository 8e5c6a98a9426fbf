import type { Store } from '../store.ts'

interface Entry {
  readonly value: string
  readonly until: number
}

/** The fake of the store: nothing is sealed and nothing survives. */
export function createMemoryStore(nowSeconds: () => number): Store {
  const kinds = new Map<string, Map<string, Entry>>()
  const alive = (kind: string, id: string): string | undefined => {
    const entry = kinds.get(kind)?.get(id)
    return entry && entry.until > nowSeconds() ? entry.value : undefined
  }
  return {
    get: alive,
    put: (kind, id, value, expiresAtSeconds) => {
      const entries = kinds.get(kind) ?? new Map<string, Entry>()
      kinds.set(kind, entries.set(id, { value, until: expiresAtSeconds ?? Number.POSITIVE_INFINITY }))
    },
    delete: (kind, id) => void kinds.get(kind)?.delete(id),
    ids: (kind) => [...(kinds.get(kind)?.keys() ?? [])].filter((id) => alive(kind, id) !== undefined),
    close: () => undefined,
  }
}
