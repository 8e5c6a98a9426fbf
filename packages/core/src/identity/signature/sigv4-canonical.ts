const utf8 = new TextEncoder()
const unreserved = /^[A-Za-z0-9_.~-]$/

/** RFC 3986 §2.3: everything but the unreserved characters, byte by byte, upper-case hex. */
function encode(text: string, keep = ''): string {
  return Array.from(utf8.encode(text), (byte) => {
    const character = String.fromCharCode(byte)
    return byte < 0x80 && (unreserved.test(character) || keep.includes(character))
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** Undefined when a percent sign is not followed by two hex digits, or the bytes are not UTF-8. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The canonical path. All services but S3 drop dot and empty segments and encode what stood on the wire once more;
 * S3 decodes and encodes each segment once, and keeps all of them.
 */
export function canonicalPath(path: string, normalise: boolean): string | undefined {
  if (!normalise) {
    const segments = path.split('/').map(decode)
    return segments.includes(undefined) ? undefined : segments.map((segment) => encode(segment ?? '')).join('/')
  }
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  const tail = kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : ''
  return `/${kept.join('/')}${tail}`
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** Names and values decoded and encoded strictly, sorted by name, then by value; `+` is a space. */
export function canonicalQuery(query: string): string | undefined {
  if (query === '') return ''
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = decode((at < 0 ? part : part.slice(0, at)).replaceAll('+', ' '))
    const value = decode((at < 0 ? '' : part.slice(at + 1)).replaceAll('+', ' '))
    if (name === undefined || value === undefined) return undefined
    pairs.push([encode(name), encode(value)])
  }
  pairs.sort((one, other) => order(one[0], other[0]) || order(one[1], other[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

/** One line a name, each ended by a line feed: values trimmed, inner blanks collapsed, repeats joined by comma. */
export function canonicalHeaders(
  names: readonly string[],
  headers: readonly (readonly [name: string, value: string])[],
): string {
  return names
    .map((name) => {
      const values = headers
        .filter(([given]) => given.toLowerCase() === name)
        .map(([, value]) => value.trim().replaceAll(/\s+/g, ' '))
      return `${name}:${values.join(',')}\n`
    })
    .join('')
}
