import type { Readable } from 'node:stream'

import type { Returns } from '@sallyport/manifest'
import { SallyportError } from '@sallyport/core/access'
import { isModest } from '@sallyport/core/json'

import { gather } from '../../host/index.ts'

/** To read more takes too long for the thread that serves everybody; a list of a few megabytes holds as many. */
const maxValues = 300_000

/**
 * Only the named fields of a JSON answer; lists are walked through. Throws `upstream.not_json` for an answer of another
 * kind: what cannot be read cannot be held back in part. `upstream.too_large` for one that nests or holds too much.
 */
export function pickFields(body: Uint8Array, fields: NonNullable<Returns['fields']>): Buffer {
  if (body.length === 0) return Buffer.alloc(0)
  const tree = treeOf(fields)
  const text = Buffer.from(body).toString('utf8')
  if (!isModest(text, maxValues)) {
    throw new SallyportError('upstream.too_large', `an answer of which fields are taken may hold ${maxValues} values`)
  }
  try {
    return Buffer.from(JSON.stringify(picked(JSON.parse(text), tree) ?? null))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new SallyportError('upstream.not_json', 'the answer is no JSON, of which fields could be taken')
  }
}

/** How much of an answer is read, and how much of all answers is held. */
export interface WholeLimits {
  readonly maxBytes: number
  /** Takes so many bytes of what may be held at one time; false when there are no more. Negative gives back. */
  readonly reserve: (bytes: number) => boolean
}

/** What `take` makes of the whole of an answer. Rejects with `upstream.…` or `exit.too_many_bytes`. */
export async function wholeAnswer<T>(
  body: Uint8Array | Readable,
  { maxBytes, reserve }: WholeLimits,
  take: (whole: Uint8Array) => T,
): Promise<T> {
  const parts = gather()
  let size = 0
  let taking = false
  try {
    for await (const part of body instanceof Uint8Array ? [body] : (body as AsyncIterable<Uint8Array>)) {
      size += part.length
      const room = reserve(part.length)
      if (size > maxBytes) {
        throw new SallyportError('upstream.too_large', `an answer may hold ${maxBytes} bytes at most`)
      }
      if (!room) {
        throw new SallyportError('exit.too_many_bytes', 'whole answers of this box are held already, and many')
      }
      parts.add(part)
    }
    taking = true
    return take(parts.whole())
  } catch (cause) {
    if (taking || cause instanceof SallyportError) throw cause
    throw new SallyportError('upstream.failed', 'the answer broke off, or is not in the coding it names', { cause })
  } finally {
    reserve(-size)
  }
}

/** `true` for a field that is taken whole. */
interface Tree {
  readonly [name: string]: Tree | true
}

function treeOf(fields: readonly string[]): Tree {
  const root: Record<string, Tree | true> = Object.create(null)
  for (const field of fields) {
    let at: Record<string, Tree | true> = root
    const parts = field.split('.')
    for (const [index, part] of parts.entries()) {
      const known = at[part]
      if (known === true) break
      if (index === parts.length - 1) at[part] = true
      else at = (at[part] = known ?? Object.create(null)) as Record<string, Tree | true>
    }
  }
  return root
}

function picked(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((each) => picked(each, tree))
  if (typeof value !== 'object' || value === null) return undefined
  const kept: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const branch = tree[name]
    const taken = branch === undefined ? undefined : branch === true ? inner : picked(inner, branch)
    if (taken !== undefined) Object.defineProperty(kept, name, { value: taken, enumerable: true })
  }
  return kept
}
