/** The members of a JSON object, without a prototype: `__proto__` and `constructor` are names like any other. */
export type Members = Readonly<Record<string, unknown>>

const maxDepth = 16
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads bytes as one JSON object; undefined when they are anything else.
 * Refuses duplicate members at any depth: two parsers that keep different ones would see two different tokens
 * (RFC 7519 §4, RFC 8725 §2.4). Refuses bytes that are not UTF-8, and nesting beyond 16.
 */
export function parseJsonObject(bytes: Uint8Array): Members | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || !membersAreUnique(text)) return undefined
    return Object.assign(Object.create(null), value)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined // JSON.parse, TextDecoder
    throw error
  }
}

/** True for a JSON object, and not for an array or null. */
export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an array of strings; undefined otherwise. */
export function stringList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

/** Walks text that `JSON.parse` has already accepted, so only strings, braces and brackets matter. */
function membersAreUnique(text: string): boolean {
  const open: (Set<string> | 'array')[] = []
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (letter === '{') open.push(new Set())
    else if (letter === '[') open.push('array')
    else if (letter === '}' || letter === ']') open.pop()
    else if (letter === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names instanceof Set && isName(text, end)) {
        const name: string = JSON.parse(text.slice(at, end + 1))
        if (names.has(name)) return false
        names.add(name)
      }
      at = end
    }
    if (open.length > maxDepth) return false
  }
  return true
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function isName(text: string, endOfText: number): boolean {
  let at = endOfText + 1
  while (' \t\r\n'.includes(text.charAt(at)) && at < text.length) at++
  return text[at] === ':'
}
