/**
 * Whether name constraints (the extension's value, DER) let their CA vouch for URIs of a host (RFC 5280 §4.2.1.10).
 * Constraints that cannot be read permit nothing. Adversary: a partner whose intermediate leaves its place.
 */
export function permitsHost(value: Uint8Array, host: string): boolean {
  const outer = readElements(value)
  const [sequence] = outer ?? []
  if (outer?.length !== 1 || sequence?.tag !== 0x30) return false
  const parts = readElements(sequence.content)
  if (parts === undefined || !parts.every(({ tag }) => tag === 0xa0 || tag === 0xa1)) return false
  const bases = (tag: number): readonly string[] | undefined => {
    const found = parts.filter((part) => part.tag === tag).map(({ content }) => uriBases(content))
    return found.every((list) => list !== undefined) ? found.flat() : undefined
  }
  const [permitted, excluded] = [bases(0xa0), bases(0xa1)]
  if (permitted === undefined || excluded === undefined) return false
  const fits = (base: string): boolean => base === host || (base.startsWith('.') && host.endsWith(base)) || base === ''
  return (permitted.length === 0 || permitted.some(fits)) && !excluded.some(fits)
}

/** The URI bases of a list of subtrees, lower case; other kinds of names are passed over. */
function uriBases(subtrees: Uint8Array): readonly string[] | undefined {
  const list = readElements(subtrees)?.map(({ tag, content }) =>
    tag === 0x30 ? readElements(content)?.[0] : undefined,
  )
  if (list === undefined || !list.every((base) => base !== undefined)) return undefined
  return list
    .filter(({ tag }) => tag === 0x86)
    .map(({ content }) => Buffer.from(content).toString('latin1').toLowerCase())
}

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/** DER elements that follow one another to the very end; undefined for anything else. Lengths below 65,536. */
function readElements(bytes: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const [tag, first] = [bytes[at], bytes[at + 1]]
    if (tag === undefined || first === undefined) return undefined
    const more = first < 128 ? 0 : first - 128
    if (more > 2 || (first >= 128 && more === 0)) return undefined
    const digits = bytes.subarray(at + 2, at + 2 + more)
    const length = more === 0 ? first : digits.reduce((sum, digit) => sum * 256 + digit, 0)
    const start = at + 2 + more
    if (digits.length < more || start + length > bytes.length) return undefined
    elements.push({ tag, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return elements
}
