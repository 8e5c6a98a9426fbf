import { duplicateMember } from '@sallyport/core/json'

/** The members of a JSON object, without a prototype: `__proto__` and `constructor` are names like any other. */
export type Members = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads bytes as one JSON object; undefined when they are anything else.
 * Refuses duplicate members at any depth: two parsers that keep different ones would see two different tokens
 * (RFC 7519 §4, RFC 8725 §2.4). Refuses bytes that are not UTF-8.
 */
export function parseJsonObject(bytes: Uint8Array): Members | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || duplicateMember(text) !== undefined) return undefined
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
