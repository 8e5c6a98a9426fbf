import type { ContextValue } from '@sallyport/core/access'

import { type Condition, isNullSet } from '../match/condition.ts'

const longestShown = 80
const mostShown = 5

/** `"CH", "DE", "AT"`, shortened where it would fill the line. */
export function listed(values: readonly unknown[]): string {
  const words = values.slice(0, mostShown).map(quoted)
  return values.length > mostShown ? `${words.join(', ')} and ${values.length - mostShown} more` : words.join(', ')
}

/** Why a condition did not hold: `sallyport:ElevatedRoles does not hold "admin"`. */
export function conditionMissed(condition: Condition, got: ContextValue | undefined): string {
  const { key, use } = condition
  const { operator, quantifier } = use
  if (operator.family === 'null') return isNullSet(got) ? `${key} is absent` : `${key} is present`
  const relation = `${condition.operator} ${listed(condition.wanted)}`
  if (got === undefined) {
    return quantifier === 'none' ? `${key} is absent (${relation})` : `${key} does not hold ${oneOf(condition.wanted)}`
  }
  if (quantifier === 'none' && typeof got === 'object' && got.length > 1) {
    return `${key} holds several values, and ${condition.operator} compares one`
  }
  if (quantifier === 'any') {
    return operator.negated
      ? `${key} holds nothing besides ${listed(condition.wanted)}`
      : `${key} does not hold ${oneOf(condition.wanted)}`
  }
  const value = listed(typeof got === 'object' ? got : [got])
  if (quantifier === 'all') return `${key} holds ${value}, and not all satisfy ${relation}`
  switch (operator.family) {
    case 'string':
    case 'folded-string':
    case 'boolean':
    case 'binary':
      if (operator.negated) return `${key} is ${value}, which is excluded`
      return `${key} is ${value}, not ${oneOf(condition.wanted)}`
    case 'address':
      return `${key} is ${value}, ${operator.negated ? 'inside' : 'outside'} ${listed(condition.wanted)}`
    case 'pattern':
    case 'arn':
    case 'number':
    case 'date':
      return `${key} is ${value}, which does not satisfy ${relation}`
  }
}

/** Why a condition of a Deny held: `sallyport:SourceZone is "internet" (StringNotEquals "internal")`. */
export function conditionHeld(condition: Condition, got: ContextValue | undefined): string {
  const value = got === undefined ? 'is absent' : typeof got === 'object' ? `holds ${listed(got)}` : `is ${quoted(got)}`
  return `${condition.key} ${value} (${condition.operator} ${listed(condition.wanted)})`
}

/** A caller's text with its line breaks and escape sequences spelled out: it is written to logs and terminals. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, (char) =>
    JSON.stringify(char)
      .slice(1, -1)
      .replace(/^[^\\]$/u, unicodeEscape),
  )
}

function unicodeEscape(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? listed(values) : `one of ${listed(values)}`
}

function quoted(value: unknown): string {
  const text = String(value)
  if (typeof value !== 'string') return text
  return `"${printable(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)}"`
}
