const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Value by character code; 255 is no letter of the alphabet. Every token goes through here, so it is a table. */
const values = new Uint8Array(128).fill(255)
for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value
/** Arguments of one call, at most; engines refuse calls with very many. */
const maxCodes = 4_096

/** Base64url without padding (RFC 7515 §2). */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += maxCodes) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + maxCodes))
  }
  return toBase64url(text)
}

/** The same of text whose characters are bytes: none beyond U+00FF. */
export function toBase64url(text: string): string {
  const padded = btoa(text)
  const end = padded.indexOf('=')
  return (end < 0 ? padded : padded.slice(0, end)).replaceAll('+', '-').replaceAll('/', '_')
}

/**
 * Decodes only the one canonical spelling: no padding, no white space, no other alphabet, unused bits zero.
 * Adversary: who re-spells a revoked token so that a list of raw tokens no longer knows it.
 * Undefined means not canonical.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let bits = 0
  let held = 0
  let at = 0
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? 255
    if (value === 255) return undefined
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (held >> bits) & 0xff
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined
}
