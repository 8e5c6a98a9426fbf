/** Compares in a time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0)
  return difference === 0
}

/** The same for text. */
export function equalText(a: string, b: string): boolean {
  const encoder = new TextEncoder()
  return equalBytes(encoder.encode(a), encoder.encode(b))
}
