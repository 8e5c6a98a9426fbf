import { duplicateMember, endOfString } from './duplicate-member.ts'

/** A JSON object as `parseStrictObject` made it: without a prototype at the top, so it has no `constructor`. */
export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** DynamoDB nests attribute values 32 deep, and each level is two of ours; nothing that we read goes deeper. */
const maxDepth = 80

/**
 * Bytes as one JSON object; undefined when they are anything else. Adversary: a document that two parsers read
 * differently. Refused are names that stand twice in one object (RFC 8259 §4, RFC 8725 §2.4), `__proto__` as a name,
 * bytes that are not UTF-8, and nesting beyond 80.
 */
export function parseStrictObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes)
    // Looking at every member costs more than the parse: only where one could be called so.
    const value: unknown = /__proto__|\\u/.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)
    if (!isObject(value) || duplicateMember(text) !== undefined || depthOf(text) > maxDepth) return undefined
    return Object.assign(Object.create(null), value)
  } catch (error) {
    // JSON.parse, TextDecoder, below; and what nests so deep that looking at every member has no stack left for it.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

/** True for a JSON object, and not for an array or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an array of strings; undefined otherwise. */
export function stringList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

function refuseProto(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new SyntaxError('a member is called __proto__')
  return value
}

/** How deep objects and arrays nest; strings are passed over whole. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (letter === '"') at = endOfString(text, at)
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, ++depth)
    else if (letter === '}' || letter === ']') depth -= 1
  }
  return deepest
}
