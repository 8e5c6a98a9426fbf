import type { AccessRequest, Context, ContextValue } from '@sallyport/core/access'

import { limits } from '../limits.ts'

/** One request as the engine reads it: context keys folded once, so that they compare without regard to case. */
export interface Facts {
  readonly subject: string
  readonly action: string
  readonly resource: string
  /** Lower-case names, in the order of `values`. */
  readonly names: readonly string[]
  readonly values: readonly ContextValue[]
}

/** Why a request cannot be judged at all; it is denied with these words. */
export interface Malformed {
  readonly malformed: string
}

/**
 * Reads a request. Adversary: whoever chooses part of it, such as an object's name, a header or a tag: two spellings
 * of one key, a name like `__proto__`, a resource so long that matching it takes long, a letter that merely folds
 * to an ASCII one (U+212A KELVIN SIGN lower-cases to `k`).
 */
export function readFacts(request: AccessRequest): Facts | Malformed {
  if (request.resource.length > limits.resourceLength) {
    return { malformed: `the resource is longer than ${limits.resourceLength} characters` }
  }
  if (!isAction(request.action)) return { malformed: 'the action is not written service:Name in ASCII' }
  const context = foldContext(request.context)
  if ('malformed' in context) return context
  const { names, values } = context
  return { subject: request.subject.id, action: request.action, resource: request.resource, names, values }
}

/** The value of a key given in lower case. An absent key, and a list without members, is undefined. */
export function fact(facts: Facts, name: string): ContextValue | undefined {
  const index = facts.names.indexOf(name)
  return index === -1 ? undefined : facts.values[index]
}

/** The value of a key as one text; undefined when it is absent, null when it holds a list. */
export function scalarFact(facts: Facts, name: string): string | null | undefined {
  const value = fact(facts, name)
  if (value === undefined) return undefined
  return typeof value === 'object' ? null : String(value)
}

function foldContext(context: Context): Pick<Facts, 'names' | 'values'> | Malformed {
  const names: string[] = []
  const values: ContextValue[] = []
  const keys = Object.keys(context)
  if (keys.length > limits.contextKeys) return { malformed: `the context has more than ${limits.contextKeys} keys` }
  for (const key of keys) {
    const value = context[key]
    if (value === undefined) continue
    if (!isContextValue(value)) {
      return { malformed: `context key ${key} holds no string, number, boolean or list of strings` }
    }
    if (typeof value === 'object' && value.length === 0) continue
    const name = folded(key)
    if (names.includes(name)) return { malformed: `context key ${key} is given twice, in different spellings` }
    names.push(name)
    values.push(value)
  }
  return { names, values }
}

function isContextValue(value: unknown): value is ContextValue {
  if (typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (!Array.isArray(value)) return false
  for (const item of value) if (typeof item !== 'string') return false
  return true
}

// Folding is the dearest part of reading a request, and the same few keys come every time. Bounded, because a caller
// may be able to choose tag names.
const foldedKeys = new Map<string, string>()

function folded(key: string): string {
  const known = foldedKeys.get(key)
  if (known !== undefined) return known
  const name = key.toLowerCase()
  if (foldedKeys.size >= 4096) foldedKeys.clear()
  foldedKeys.set(key, name)
  return name
}

function isAction(action: string): boolean {
  if (action.length > limits.actionLength) return false
  let colons = 0
  for (let at = 0; at < action.length; at += 1) {
    const code = action.charCodeAt(at)
    if (code <= 0x20 || code > 0x7e) return false
    if (code === 0x3a) colons += 1
  }
  return colons > 0
}
