import type { AccessRequest, Context, ContextValue } from '@sallyport/core/access'

import { limits } from '../limits.ts'
import { type Caller, readCaller } from './caller.ts'

/** One request as the engine reads it: context keys folded once, so that they compare without regard to case. */
export interface Facts {
  readonly caller: Caller
  /** Whether a permissions boundary is attached to the caller. */
  readonly bounded: boolean
  readonly action: string
  /** The same in lower case: actions compare without regard to case. */
  readonly foldedAction: string
  readonly resource: string
  /** The account that owns the resource; undefined when nobody says. */
  readonly owner: string | undefined
  /** Lower-case names, in the order of `values`. */
  readonly names: readonly string[]
  readonly values: readonly ContextValue[]
}

/** Of a request that says nothing, by nobody: for asking what depends on no fact, or on the context alone. */
export const noFacts: Facts = {
  caller: readCaller('anonymous'),
  bounded: false,
  action: '',
  foldedAction: '',
  resource: '',
  owner: undefined,
  names: [],
  values: [],
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
export function readFacts(request: AccessRequest, bounded: boolean): Facts | Malformed {
  if (request.resource.length > limits.resourceLength) {
    return { malformed: `the resource is longer than ${limits.resourceLength} characters` }
  }
  if (!isAction(request.action)) return { malformed: 'the action is not written service:Name in ASCII' }
  const context = foldContext(request.context)
  if ('malformed' in context) return context
  const { action, resource } = request
  return {
    caller: readCaller(request.subject.id),
    bounded,
    action,
    foldedAction: folded(action),
    resource,
    owner: request.resourceAccount ?? accountIn(resource),
    names: context.names,
    values: context.values,
  }
}

/** The fifth part of an ARN, without taking the others out. */
function accountIn(resource: string): string | undefined {
  let at = resource.indexOf(':')
  for (let part = 1; part < 4 && at !== -1; part += 1) at = resource.indexOf(':', at + 1)
  const end = at === -1 ? -1 : resource.indexOf(':', at + 1)
  return end === -1 || end === at + 1 ? undefined : resource.slice(at + 1, end)
}

/** The value of a key given in lower case. An absent key, and a list without members, is undefined. */
export function fact(facts: Facts, name: string): ContextValue | undefined {
  const { names } = facts
  for (let index = 0; index < names.length; index += 1) if (names[index] === name) return facts.values[index]
  return undefined
}

/** The value of a key as one text; undefined when it is absent, null when it holds a list. */
export function scalarFact(facts: Facts, name: string): string | null | undefined {
  const value = fact(facts, name)
  if (value === undefined) return undefined
  return typeof value === 'object' ? null : String(value)
}

function foldContext(context: Context): Pick<Facts, 'names' | 'values'> | Malformed {
  // The list of keys becomes the list of names, in place.
  const names = Object.keys(context)
  const values: ContextValue[] = []
  if (names.length > limits.contextKeys) return { malformed: `the context has more than ${limits.contextKeys} keys` }
  let count = 0
  for (let at = 0; at < names.length; at += 1) {
    const key = names[at] ?? ''
    const value = context[key]
    if (value === undefined) continue
    if (!isContextValue(value)) {
      return { malformed: `context key ${key} holds no string, number, boolean or list of strings` }
    }
    if (typeof value === 'object' && value.length === 0) continue
    const name = folded(key)
    for (let before = 0; before < count; before += 1) {
      if (names[before] === name) {
        return { malformed: `context key ${key} is given twice, in different spellings` }
      }
    }
    names[count] = name
    values.push(value)
    count += 1
  }
  if (count < names.length) names.length = count
  return { names, values }
}

function isContextValue(value: unknown): value is ContextValue {
  if (typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (!Array.isArray(value)) return false
  for (const item of value) if (typeof item !== 'string') return false
  return true
}

// Folding is the dearest part of reading a request, and the same few keys and actions come every time. Bounded, because
// a caller may be able to choose tag names.
const foldedWords = new Map<string, string>()

function folded(word: string): string {
  const known = foldedWords.get(word)
  if (known !== undefined) return known
  const name = onlyCopy(word.toLowerCase())
  if (foldedWords.size >= 4096) foldedWords.clear()
  foldedWords.set(word, name)
  return name
}

/**
 * The one copy of a text that the runtime compares by its address: as it keeps the names of properties. Every request
 * looks up the same few names, and would otherwise compare them letter by letter.
 */
export function onlyCopy(text: string): string {
  for (const name in { [text]: 0 }) return name
  return text
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
