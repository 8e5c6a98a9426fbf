import type { Constraints, FieldConstraint } from '../door.ts'
import type { Segment } from './path.ts'

/** A value as a request carries it: text from a query or a form, anything from JSON. */
export type FieldValue = string | number | boolean | null | readonly FieldValue[] | FieldMap

/** A JSON object. */
export interface FieldMap {
  readonly [name: string]: FieldValue
}

/** `cus/:id` cut at its slashes; undefined for an empty segment or a name that stands twice. */
export function parseValueTemplate(text: string): readonly Segment[] | undefined {
  const parts = text.split('/')
  if (parts.some((part) => part === '' || part === ':')) return undefined
  const segments = parts.map((part): Segment =>
    part.startsWith(':') ? { kind: 'parameter', name: part.slice(1) } : { kind: 'literal', text: part },
  )
  const names = segments.flatMap((segment) => (segment.kind === 'parameter' ? [segment.name] : []))
  return new Set(names).size === names.length ? segments : undefined
}

/** More than any body has; to compare each with what is listed takes its time. */
const maxNames = 4_096

/**
 * The first name that breaks a constraint; undefined where all hold. Adversary: code in a box that writes a field in a
 * way that we pass over and the upstream reads. So a name may come once, and names that are not listed are refused.
 */
export function brokenConstraint(
  { open, fields }: Constraints,
  given: readonly (readonly [name: string, value: FieldValue])[],
): string | undefined {
  const oneTooMany = given[maxNames]
  if (oneTooMany !== undefined) return oneTooMany[0]
  const seen = new Set<string>()
  for (const [name, value] of given) {
    if (seen.has(name)) return name
    seen.add(name)
    const constraint = fields.find((one) => one.name === name)
    if (constraint === undefined ? !open || shadows(name, fields) : !fits(constraint, value)) return name
  }
  return fields.find(({ name, optional }) => !optional && !seen.has(name))?.name
}

/** What a value must be, in words: `from 1 to 500`; empty where anything will do. */
export function describeField({ in: values, like, from, to, maxLength }: FieldConstraint): string {
  return [
    values === undefined ? [] : `in [${values.join(' | ')}]`,
    like === undefined ? [] : `like ${like}`,
    from === undefined ? [] : `from ${from}`,
    to === undefined ? [] : `to ${to}`,
    maxLength === undefined ? [] : `of at most ${maxLength} characters`,
  ]
    .flat()
    .join(' ')
}

/** `Amount` beside a constrained `amount`, `customer` beside `customer.country`: one would be passed over. */
function shadows(name: string, fields: readonly FieldConstraint[]): boolean {
  return name.endsWith('.') || fields.some((field) => mayBeTakenFor(name, field.name))
}

/**
 * True where some reader takes `name` for `field`, for a part of it, or for what it is a part of. Readers differ: Go's
 * JSON and ASP.NET pass over case, and over other letters that have one in ASCII (`\u017f` for `s`, `\u212a` for `k`);
 * PHP begins after spaces and reads a dot or an open bracket as `_`.
 */
export function mayBeTakenFor(name: string, field: string): boolean {
  const [said, meant] = [folded(name), folded(field)]
  const inside = (outer: string, inner: string): boolean =>
    inner.startsWith(`${outer}[`) || inner.startsWith(`${outer}.`)
  return said === meant || inside(meant, said) || inside(said, meant) || underscored(said) === underscored(meant)
}

/** Upper case first: what is no letter of ASCII may be one then. */
function folded(name: string): string {
  return name
    .replaceAll(/[\s\p{C}]/gu, '')
    .toUpperCase()
    .toLowerCase()
}

function underscored(name: string): string {
  return name.replaceAll(/[.[]/g, '_')
}

/**
 * A JSON object as names and values: `customer.country` where a constraint speaks of what is inside, else the member
 * whole. A member whose own name holds a dot could be taken for two, and is named so that no constraint fits it.
 */
export function flattenFields(
  body: FieldMap,
  { fields }: Constraints,
): readonly (readonly [name: string, value: FieldValue])[] {
  const flatten = (value: FieldMap, prefix: string): (readonly [string, FieldValue])[] =>
    Object.entries(value).flatMap(([key, inner]) => {
      if (key.includes('.')) return [[`${prefix}${key.replaceAll('.', '\\.')}`, inner] as const]
      const name = `${prefix}${key}`
      const deeper = fields.some((field) => field.name.startsWith(`${name}.`))
      // What is listed inside must be looked for inside: a list or a text there is not what was written down.
      if (!deeper) return [[name, inner] as const]
      return isMap(inner) ? flatten(inner, `${name}.`) : [[`${name}.`, inner] as const]
    })
  return flatten(body, '')
}

function fits(constraint: FieldConstraint, value: FieldValue): boolean {
  const { in: values, like, from, to, maxLength } = constraint
  if (values === undefined && like === undefined && from === undefined && to === undefined && maxLength === undefined)
    return true
  if (typeof value === 'object') return false
  const text = String(value)
  if (values !== undefined && !values.includes(text)) return false
  if (maxLength !== undefined && text.length > maxLength) return false
  if (like !== undefined && !fitsTemplate(like, text)) return false
  if (from === undefined && to === undefined) return true
  // Written in the one form that every reader takes for the same number.
  if (!/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/.test(text)) return false
  return Number(text) >= (from ?? -Infinity) && Number(text) <= (to ?? Infinity)
}

function fitsTemplate(like: string, text: string): boolean {
  const parts = text.split('/')
  const segments = parseValueTemplate(like)
  return (
    segments?.length === parts.length &&
    segments.every((segment, index) => {
      const part = parts[index] ?? ''
      if (segment.kind === 'literal') return segment.text === part
      return part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part)
    })
  )
}

function isMap(value: FieldValue): value is FieldMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
