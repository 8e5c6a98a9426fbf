import { encodeBase64url } from '../encoding/base64url.ts'
import { equalText } from '../encoding/equal.ts'

/** Nonces that the server hands out for DPoP proofs (RFC 9449 §8, §9): a proof that holds one was made just now. */
export interface DpopNonces {
  /** The one to hand out now. */
  current(): string
  /** True for the current one and the one before it. */
  accepts(nonce: string): boolean
}

/**
 * Nonces without a memory: the MAC of the time window, so that every node with the key agrees and nothing is stored.
 * One lives for one to two windows. `mac` is keyed and synchronous; with a fresh key at each start, no proof from
 * before the start holds an accepted nonce.
 */
export function createDpopNonces(options: {
  readonly mac: (bytes: Uint8Array) => Uint8Array
  readonly nowSeconds: () => number
  readonly windowSeconds: number
}): DpopNonces {
  const { mac, nowSeconds, windowSeconds } = options
  const made = new Map<number, string>()
  const nonceOf = (window: number): string => {
    const known = made.get(window)
    if (known !== undefined) return known
    const nonce = encodeBase64url(mac(new TextEncoder().encode(`dpop-nonce ${window}`)).slice(0, 16))
    made.clear()
    made.set(window, nonce)
    return nonce
  }
  const windowNow = (): number => Math.floor(nowSeconds() / windowSeconds)
  return {
    current: () => nonceOf(windowNow()),
    accepts: (nonce) => {
      const window = windowNow()
      return equalText(nonce, nonceOf(window)) || equalText(nonce, nonceOf(window - 1))
    },
  }
}
