/** A JSON object. Made by `parseStrictJson` only, so every name in it is an own property. */
export type JsonObject = { readonly [name: string]: unknown }

// DynamoDB nests attribute values 32 deep, and each level is two of ours.
const maxDepth = 80
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Bytes as one JSON object, or undefined. Adversary: a body that two parsers read differently. Refused are
 * names that stand twice in one object (escapes such as `"\u0054ableName"` collide with their plain form),
 * bytes that are not UTF-8, nesting beyond 80, and `__proto__` as a name.
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    return isObject(value) && namesAreUnique(text) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined // JSON.parse and TextDecoder
    throw error
  }
}

/** True for an object, and neither for an array nor for null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as an array of strings; undefined when it is anything else. */
export function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

/** One pass over strings and brackets. The text is JSON already, so a colon after a string makes that a name. */
function namesAreUnique(text: string): boolean {
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const names = open.at(-1)
      const name = String(JSON.parse(last))
      if (!names || names.has(name) || name === '__proto__') return false
      names.add(name)
    } else last = token
    if (open.length > maxDepth) return false
  }
  return true
}
