import { fromBase64, toBase64 } from './base64.ts'
import { hashBytes } from './hash.ts'

/** The state of a log in three lines (C2SP tlog-checkpoint); signed, it commits to every entry before `size`. */
export interface Checkpoint {
  /** The log's unique name, without scheme: `sallyport.local/checkout`. */
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
}

/** The text of the note: origin, decimal size, base64 root, each on a line. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Reads the text of a verified note; undefined when it is no checkpoint. Extension lines are passed over. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n')
  if (origin === '' || extensions.includes('')) return undefined
  // No leading zeroes, so that one size has one spelling; at most 64 bits.
  if (!/^(0|[1-9][0-9]{0,19})$/.test(size) || BigInt(size) >= 1n << 64n) return undefined
  const hash = fromBase64(root)
  if (hash?.length !== hashBytes) return undefined
  return { origin, size: BigInt(size), root: hash }
}
