import type { Duplex, Readable } from 'node:stream'

/** An answer on its way back into the box. */
export interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | Readable
  /** Known once the body has ended. */
  readonly trailers?: () => readonly (readonly [name: string, value: string])[]
  /** The upstream has switched protocols: `status` is 101, and what follows are bytes both ways. */
  readonly tunnel?: (box: Duplex) => void
}

/** Headers as Node takes them: those that come several times in a list. */
export function merged(
  headers: readonly (readonly [name: string, value: string])[],
): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const known = result[name]
    result[name] = known === undefined ? value : [...[known].flat(), value]
  }
  return result
}
