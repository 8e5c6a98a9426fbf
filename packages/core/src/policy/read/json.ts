import { limits } from '../limits.ts'

/** JSON with the offset of every value and key, in UTF-16 units; -1 where there is no text. */
export type JsonNode = JsonObject | JsonArray | JsonScalar

/** `{ … }`. `at` is the offset of the brace in the text, in UTF-16 units, as in every node. */
export interface JsonObject {
  readonly kind: 'object'
  readonly at: number
  /** In the order of the text, repeated keys included: that they repeat is for the reader to refuse. */
  readonly members: readonly JsonMember[]
}

/** One key with its value. `at` is where the key's quotation mark stands. */
export interface JsonMember {
  readonly key: string
  readonly at: number
  readonly value: JsonNode
}

/** `[ … ]`. */
export interface JsonArray {
  readonly kind: 'array'
  readonly at: number
  readonly items: readonly JsonNode[]
}

/** A value that holds no others. */
export type JsonScalar =
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  /** `raw` keeps the digits that a double would lose. */
  | { readonly kind: 'number'; readonly at: number; readonly value: number; readonly raw: string }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: number }

/** Not JSON; nested deeper than a policy ever is; or not of objects, arrays and scalars alone. */
export type JsonProblemCode = 'policy.syntax' | 'policy.too_deep' | 'policy.not_plain_data'

/** Why a text is not JSON, and where it stopped being JSON. */
export interface JsonProblem {
  readonly code: JsonProblemCode
  readonly message: string
  readonly at: number
}

/**
 * Reads JSON (RFC 8259), strictly: no comments, no trailing commas, no lone surrogates.
 * Adversary: a text that two parsers read differently, so that the reviewer sees another policy than the engine.
 */
export function parseJson(text: string): { readonly node: JsonNode } | { readonly problem: JsonProblem } {
  // A byte order mark may be ignored (RFC 8259 §8.1).
  const cursor: Cursor = { text, at: text.charCodeAt(0) === 0xfeff ? 1 : 0 }
  try {
    const node = readValue(cursor, 1)
    skipSpace(cursor)
    if (cursor.at < text.length) throw unreadable(cursor.at, `unexpected ${shown(cursor)} after the document`)
    return { node }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.problem }
    throw error
  }
}

/** Reads a value made in memory as if it had been JSON text: own enumerable properties of plain objects only. */
export function nodeOf(value: unknown): { readonly node: JsonNode } | { readonly problem: JsonProblem } {
  try {
    return { node: readMemory(value, 1) }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.problem }
    throw error
  }
}

interface Cursor {
  readonly text: string
  at: number
}

/** Ends the descent; never leaves this file. */
class Unreadable extends Error {
  readonly problem: JsonProblem
  constructor(problem: JsonProblem) {
    super(problem.message)
    this.problem = problem
  }
}

function unreadable(at: number, message: string, code: JsonProblemCode = 'policy.syntax'): Unreadable {
  return new Unreadable({ code, message, at })
}

function readValue(cursor: Cursor, depth: number): JsonNode {
  if (depth > limits.nesting) {
    throw unreadable(cursor.at, `objects and lists nest deeper than ${limits.nesting}`, 'policy.too_deep')
  }
  skipSpace(cursor)
  const at = cursor.at
  const char = cursor.text[at]
  if (char === '{') return readObject(cursor, depth)
  if (char === '[') return readArray(cursor, depth)
  if (char === '"') return { kind: 'string', at, value: readString(cursor) }
  if (char === '-' || isDigit(cursor.text.charCodeAt(at))) return readNumber(cursor)
  if (take(cursor, 'true')) return { kind: 'boolean', at, value: true }
  if (take(cursor, 'false')) return { kind: 'boolean', at, value: false }
  if (take(cursor, 'null')) return { kind: 'null', at }
  throw unreadable(at, `expected a value, found ${shown(cursor)}`)
}

function readObject(cursor: Cursor, depth: number): JsonObject {
  const at = cursor.at
  const members: JsonMember[] = []
  cursor.at += 1
  skipSpace(cursor)
  if (take(cursor, '}')) return { kind: 'object', at, members }
  for (;;) {
    skipSpace(cursor)
    const keyAt = cursor.at
    if (cursor.text[keyAt] !== '"') throw unreadable(keyAt, `expected a name in double quotes, found ${shown(cursor)}`)
    const key = readString(cursor)
    skipSpace(cursor)
    if (!take(cursor, ':')) throw unreadable(cursor.at, `expected ':' after "${key}", found ${shown(cursor)}`)
    members.push({ key, at: keyAt, value: readValue(cursor, depth + 1) })
    skipSpace(cursor)
    if (take(cursor, '}')) return { kind: 'object', at, members }
    if (!take(cursor, ',')) throw unreadable(cursor.at, `expected ',' or '}', found ${shown(cursor)}`)
  }
}

function readArray(cursor: Cursor, depth: number): JsonArray {
  const at = cursor.at
  const items: JsonNode[] = []
  cursor.at += 1
  skipSpace(cursor)
  if (take(cursor, ']')) return { kind: 'array', at, items }
  for (;;) {
    items.push(readValue(cursor, depth + 1))
    skipSpace(cursor)
    if (take(cursor, ']')) return { kind: 'array', at, items }
    if (!take(cursor, ',')) throw unreadable(cursor.at, `expected ',' or ']', found ${shown(cursor)}`)
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

function readString(cursor: Cursor): string {
  const start = cursor.at
  let value = ''
  let from = start + 1
  for (let at = from; ; at += 1) {
    const code = cursor.text.charCodeAt(at)
    if (Number.isNaN(code)) throw unreadable(start, 'this string has no end')
    if (code < 0x20) throw unreadable(at, 'a string holds a raw control character or line break')
    if (code === 0x22) {
      value += cursor.text.slice(from, at)
      cursor.at = at + 1
      if (!value.isWellFormed()) throw unreadable(start, 'a string holds half a surrogate pair')
      return value
    }
    if (code !== 0x5c) continue
    value += cursor.text.slice(from, at)
    const letter = cursor.text[at + 1] ?? ''
    if (letter === 'u') {
      const digits = cursor.text.slice(at + 2, at + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw unreadable(at, '\\u needs four hexadecimal digits')
      value += String.fromCharCode(Number.parseInt(digits, 16))
      at += 5
    } else {
      const meant = escapes.get(letter)
      if (meant === undefined) throw unreadable(at, `JSON has no escape \\${letter}`)
      value += meant
      at += 1
    }
    from = at + 1
  }
}

function readNumber(cursor: Cursor): JsonNode {
  const at = cursor.at
  const { text } = cursor
  let end = text[at] === '-' ? at + 1 : at
  const digits = (): void => {
    const first = end
    while (isDigit(text.charCodeAt(end))) end += 1
    if (end === first) throw unreadable(at, 'this is not a JSON number')
  }
  if (text[end] === '0') end += 1
  else digits()
  if (text[end] === '.') {
    end += 1
    digits()
  }
  if (text[end] === 'e' || text[end] === 'E') {
    end += 1
    if (text[end] === '+' || text[end] === '-') end += 1
    digits()
  }
  const raw = text.slice(at, end)
  cursor.at = end
  return { kind: 'number', at, value: Number(raw), raw }
}

function readMemory(value: unknown, depth: number): JsonNode {
  // Cycles end here too.
  if (depth > limits.nesting) {
    throw unreadable(-1, `objects and lists nest deeper than ${limits.nesting}`, 'policy.too_deep')
  }
  if (value === null) return { kind: 'null', at: -1 }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw unreadable(-1, 'a string holds half a surrogate pair', 'policy.not_plain_data')
    return { kind: 'string', at: -1, value }
  }
  if (typeof value === 'boolean') return { kind: 'boolean', at: -1, value }
  if (typeof value === 'number' && Number.isFinite(value)) return { kind: 'number', at: -1, value, raw: String(value) }
  if (Array.isArray(value)) return { kind: 'array', at: -1, items: value.map((item) => readMemory(item, depth + 1)) }
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      const there = Object.keys(value).filter((key) => Reflect.get(value, key) !== undefined)
      const members = there.map((key) => ({ key, at: -1, value: readMemory(Reflect.get(value, key), depth + 1) }))
      return { kind: 'object', at: -1, members }
    }
  }
  // `{ __proto__: … }` in source text sets a prototype: a condition written so would silently not exist.
  throw unreadable(-1, 'the document holds something other than plain JSON data', 'policy.not_plain_data')
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    cursor.at += 1
  }
}

function take(cursor: Cursor, token: string): boolean {
  if (!cursor.text.startsWith(token, cursor.at)) return false
  cursor.at += token.length
  return true
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function shown(cursor: Cursor): string {
  const code = cursor.text.codePointAt(cursor.at)
  return code === undefined ? 'the end of the text' : JSON.stringify(String.fromCodePoint(code))
}
