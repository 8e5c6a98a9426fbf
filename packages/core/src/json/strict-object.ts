import { duplicateMember, endOfString } from './duplicate-member.ts'

/** A JSON object as `parseStrictObject` made it: without a prototype at the top, so it has no `constructor`. */
export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** DynamoDB nests attribute values 32 deep, and each level is two of ours; nothing that we read goes deeper. */
const maxDepth = 80
/** Objects, lists, and what stands between their commas. */
export const maxJsonValues = 100_000

/**
 * Bytes as one JSON object; undefined when they are anything else. Adversary: a document that two parsers read
 * differently. Refused are names that stand twice in one object (RFC 8259 §4, RFC 8725 §2.4), `__proto__` as a name,
 * bytes that are not UTF-8, nesting beyond 80, and more than `maxJsonValues`.
 */
export function parseStrictObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes)
    if (!isModest(text)) return undefined
    // Looking at every member costs more than the parse: only where one could be called so.
    const value: unknown = /__proto__|\\u/.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)
    if (!isObject(value) || duplicateMember(text) !== undefined) return undefined
    return Object.assign(Object.create(null), value)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined // JSON.parse, TextDecoder, below
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

/**
 * Whether a text nests no deeper, and holds no more values, than is read. Looked at first: what `JSON.parse` makes of
 * megabytes of brackets or commas takes a second of the thread that serves everybody. Of what is no JSON it may say
 * either.
 */
export function isModest(text: string, maxValues: number = maxJsonValues): boolean {
  let depth = 0
  let values = 1
  for (let at = 0; at >= 0 && at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string is passed over whole
        at = endOfString(text, at)
        if (at < 0) return true
        break
      case 0x7b: // an object
      case 0x5b: // an array
        depth += 1
        values += 1
        break
      case 0x7d:
      case 0x5d:
        depth -= 1
        break
      case 0x2c:
        values += 1
    }
    if (depth > maxDepth || values > maxValues) return false
  }
  return true
}
