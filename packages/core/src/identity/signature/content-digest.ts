import { equalBytes } from '../encoding/equal.ts'
import { base64Of, parseDictionary } from '../encoding/structured-field.ts'

/** What RFC 9530 §5 calls active, by the name that WebCrypto has for it. All others are passed over. */
const algorithms: ReadonlyMap<string, 'SHA-256' | 'SHA-512'> = new Map([
  ['sha-256', 'SHA-256'],
  ['sha-512', 'SHA-512'],
])

/** The value of a Content-Digest field for this body (RFC 9530 §2). */
export async function contentDigest(
  body: Uint8Array<ArrayBuffer>,
  algorithm: 'sha-256' | 'sha-512' = 'sha-256',
): Promise<string> {
  const name = algorithm === 'sha-256' ? 'SHA-256' : 'SHA-512'
  return `${algorithm}=:${base64Of(new Uint8Array(await crypto.subtle.digest(name, body)))}:`
}

/**
 * Whether a Content-Digest field fits the body: every digest in it that we know must, and there must be one.
 * Adversary: who sends a right digest that we do not know beside a wrong one that we do, or the other way round.
 */
export async function fitsDigest(field: string, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const entries = parseDictionary(field)
  if (entries === undefined || new Set(entries.map(([name]) => name)).size < entries.length) return false
  let known = 0
  for (const [name, member] of entries) {
    const algorithm = algorithms.get(name)
    if (algorithm === undefined) continue
    if (member.kind !== 'item' || member.value.kind !== 'bytes') return false
    if (!equalBytes(new Uint8Array(await crypto.subtle.digest(algorithm, body)), member.value.value)) return false
    known += 1
  }
  return known > 0
}
