/** A certificate with the moment from which on another should be asked for, in milliseconds since the epoch. */
interface Renewable {
  readonly renewAtMs: number
}

/**
 * Keeps a certificate fresh: the function that it gives asks for another once the present one is due, and puts it into
 * use. To be called every so often; a timer of its own would sleep while the machine does, and wake too late.
 */
export function renewLeaf<Leaf extends Renewable>(
  first: Leaf,
  parts: {
    readonly nowMs: () => number
    readonly another: () => Promise<Leaf>
    readonly use: (leaf: Leaf) => void
  },
): () => Promise<void> {
  let present = first
  return async () => {
    if (parts.nowMs() < present.renewAtMs) return
    const next = await parts.another()
    parts.use(next)
    present = next
  }
}
