const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const codes = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0))
/** Value by character code; 255 is no letter of the alphabet. Every token goes through here, so it is a table. */
const values = new Uint8Array(128).fill(255)
for (const [value, code] of codes.entries()) values[code] = value
const ascii = new TextDecoder()

/** Base64url without padding (RFC 7515 §2). */
export function encodeBase64url(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3))
  let at = 0
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text[at++] = codes[(held >> bits) & 63] ?? 0
    }
  }
  if (bits > 0) text[at] = codes[(held << (6 - bits)) & 63] ?? 0
  return ascii.decode(text)
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
