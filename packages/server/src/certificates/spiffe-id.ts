/** A SPIFFE ID (SPIFFE-ID §2), taken apart. */
export interface SpiffeId {
  /** As it was written: two ids are one exactly where their texts are. */
  readonly text: string
  readonly trustDomain: string
  /** With its leading slash; empty for the trust domain itself, which no workload is. */
  readonly path: string
}

const maxBytes = 2_048 // SPIFFE-ID §2.3
const form = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)*)$/

/**
 * Reads an id in its one spelling: no port, no user, no query, no escapes, no empty or dot segments, no capitals in the
 * domain. Adversary: who hopes that two readers take one text for two ids. Undefined means that it is none.
 */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > maxBytes) return undefined
  const [, trustDomain, path = ''] = form.exec(text) ?? []
  if (trustDomain === undefined || /\/\.{1,2}(?:\/|$)/.test(path)) return undefined
  return { text, trustDomain, path }
}
