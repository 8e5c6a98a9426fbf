import { type JsonObject, maxJsonValues, parseStrictObject } from '@sallyport/core/json'
import { brokenConstraint, type DoorOperation, type FieldMap, flattenFields, mayBeTakenFor } from '@sallyport/manifest'

/** A query or body that was read, judged, and is written anew; or the name of what breaks the door's constraints. */
export type Judged<T> =
  | { readonly kind: 'fits'; readonly value: T }
  | { readonly kind: 'broken'; readonly field: string }
  | { readonly kind: 'unreadable'; readonly why: string }

const notReadable = `The body is not one unambiguous JSON object of at most ${maxJsonValues} values.`
/** More than any form has; each takes a microsecond or two of the thread that serves everybody. */
const maxPairs = 4_096

type Pair = readonly [name: string, value: string]

/**
 * A query as the upstream will get it: judged, the door's own parameters put in place of the caller's. Where a door
 * neither constrains nor adds, it goes as it came. Adversary: code in a box that writes a parameter twice, or in an
 * encoding that we pass over and the upstream reads.
 */
export function judgeQuery(raw: string, operation: DoorOperation, added: ReadonlyMap<string, string>): Judged<string> {
  if (operation.query === undefined && added.size === 0) return { kind: 'fits', value: raw }
  const pairs = readForm(raw.slice(1))
  if (pairs === undefined) return { kind: 'unreadable', why: 'The query is not one that can be read in one way only.' }
  const own = pairs.filter(([name]) => !added.has(name))
  const broken =
    takenForAdded(own, added) ?? (operation.query === undefined ? undefined : brokenConstraint(operation.query, own))
  if (broken !== undefined) return { kind: 'broken', field: broken }
  const all = [...own, ...added]
  return { kind: 'fits', value: all.length === 0 ? '' : `?${writeForm(all)}` }
}

/** The same for a whole body: JSON or a form, by its content type; anything else cannot be judged. */
export function judgeBody(
  body: Uint8Array,
  contentType: string | undefined,
  operation: DoorOperation,
  added: ReadonlyMap<string, string>,
): Judged<Uint8Array> {
  if (operation.body === undefined && added.size === 0) return { kind: 'fits', value: body }
  switch (formOf(contentType)) {
    case 'json':
      return judgeJson(body, operation, added)
    case 'form':
      return judgeForm(body, operation, added)
    case undefined:
      return { kind: 'unreadable', why: 'This door reads bodies of JSON and of forms only.' }
  }
}

function judgeJson(
  bytes: Uint8Array,
  { body: constraints }: DoorOperation,
  added: ReadonlyMap<string, string>,
): Judged<Uint8Array> {
  const object = parseStrictObject(bytes)
  if (object === undefined) return { kind: 'unreadable', why: notReadable }
  if (!isExact(bytes)) return { kind: 'unreadable', why: 'A number in the body has more digits than can be carried.' }
  // What JSON.parse makes is a FieldMap by the rules of JSON itself.
  const own = without(object as FieldMap, [...added.keys()])
  const broken =
    takenForAdded(membersBeside(own, added), added) ??
    (constraints === undefined ? undefined : brokenConstraint(constraints, flattenFields(own, constraints)))
  if (broken !== undefined) return { kind: 'broken', field: broken }
  let whole: JsonObject = own
  for (const [name, value] of added) whole = put(whole, name.split('.'), value)
  return { kind: 'fits', value: Buffer.from(JSON.stringify(whole)) }
}

function judgeForm(
  bytes: Uint8Array,
  { body: constraints }: DoorOperation,
  added: ReadonlyMap<string, string>,
): Judged<Uint8Array> {
  const pairs = readForm(Buffer.from(bytes).toString('latin1'))
  if (pairs === undefined) return { kind: 'unreadable', why: 'The form is not one that can be read in one way only.' }
  const own = pairs.filter(([name]) => !added.has(name))
  const broken =
    takenForAdded(own, added) ?? (constraints === undefined ? undefined : brokenConstraint(constraints, own))
  if (broken !== undefined) return { kind: 'broken', field: broken }
  return { kind: 'fits', value: Buffer.from(writeForm([...own, ...added])) }
}

/** A name that the upstream might take for what the door adds, which is the door's to say: a credential, mostly. */
function takenForAdded(own: readonly Named[], added: ReadonlyMap<string, string>): string | undefined {
  return own.find(([name]) => [...added.keys()].some((one) => mayBeTakenFor(name, one)))?.[0]
}

type Named = readonly [name: string, ...rest: unknown[]]

/** The members beside those that the door adds, and beside what those stand in. */
function membersBeside(object: FieldMap, added: ReadonlyMap<string, string>): readonly Named[] {
  const fields = [...added.keys()].map((name) => ({ name, optional: true }))
  return flattenFields(object, { open: true, fields }).filter(([name]) => !name.endsWith('.'))
}

/** `json` or `form`, in UTF-8; undefined for everything else. */
function formOf(contentType: string | undefined): 'json' | 'form' | undefined {
  const [, type = '', charset = 'utf-8'] =
    /^\s*([a-z0-9.+/-]+)\s*(?:;\s*charset="?([a-z0-9-]+)"?\s*)?$/i.exec(contentType ?? '') ?? []
  if (charset.toLowerCase() !== 'utf-8') return undefined
  if (/^application\/(?:json|[a-z0-9.-]+\+json)$/i.test(type)) return 'json'
  return type.toLowerCase() === 'application/x-www-form-urlencoded' ? 'form' : undefined
}

/** `application/x-www-form-urlencoded` (WHATWG URL §5), strictly: undefined for what could be read in two ways. */
function readForm(text: string): readonly Pair[] | undefined {
  if (text === '') return []
  const pairs: Pair[] = []
  const parts = text.split('&', maxPairs + 1)
  if (parts.length > maxPairs) return undefined
  for (const part of parts) {
    const mark = part.indexOf('=')
    const name = decode(mark < 0 ? part : part.slice(0, mark))
    const value = decode(mark < 0 ? '' : part.slice(mark + 1))
    if (name === undefined || value === undefined || name === '') return undefined
    pairs.push([name, value])
  }
  return pairs
}

function decode(text: string): string | undefined {
  if (!/^(?:[\x21-\x7e])*$/.test(text)) return undefined
  try {
    return decodeURIComponent(text.split('+').join(' '))
  } catch {
    return undefined // an escape that is none, or stands for no UTF-8: it throws for nothing else
  }
}

function writeForm(pairs: readonly Pair[]): string {
  const written = new URLSearchParams()
  for (const [name, value] of pairs) written.append(name, value)
  return written.toString()
}

/** True when every number survives being read and written again: 15 significant digits do in a double. */
function isExact(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  return [...text.matchAll(/-?\d[\d.]*(?:e[+-]?\d+)?/gi)].every(([number]) => {
    const digits = number.replace(/e.*$/i, '').replaceAll(/[-.]/g, '').replace(/^0+/, '')
    return digits.length <= 15 && Number.isFinite(Number(number))
  })
}

/** A copy without the members at these dotted paths: what the door sets, the caller does not. */
function without(object: FieldMap, paths: readonly string[]): FieldMap {
  if (paths.length === 0) return object
  const copy = structuredClone(object) as Record<string, FieldMap[string]>
  for (const path of paths) {
    const parts = path.split('.')
    const last = parts.pop() ?? ''
    let at: unknown = copy
    for (const part of parts) at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined
    if (isObject(at)) delete at[last]
  }
  return copy
}

function put(object: JsonObject, [first = '', ...rest]: readonly string[], value: string): JsonObject {
  if (rest.length === 0) return { ...object, [first]: value }
  const inner = Object.hasOwn(object, first) ? object[first] : undefined
  return { ...object, [first]: put(isObject(inner) ? inner : {}, rest, value) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
