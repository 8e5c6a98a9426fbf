import type { ContextValue } from '@sallyport/core/access'

import { inNetwork, readAddress, readNetwork } from '../match/network.ts'
import { readBinary, readBoolean, readDate, readNumber } from '../match/values.ts'

/** The value of a context key, whatever its case. */
export type Lookup = (name: string) => ContextValue | undefined

/** A character that stands for itself, or a wildcard. */
export type Wild = string | { readonly wildcard: 'star' | 'star-in-segment' | 'any' }

type Scalar = string | number | boolean
type Answer = boolean | 'unclear'

/** One operator on one key: IAM User Guide, "Condition operators" and "Multivalued context keys". */
export function conditionHolds(
  text: string,
  key: string,
  wanted: readonly Scalar[],
  version: string | undefined,
  lookup: Lookup,
): Answer {
  const parts = /^(ForAllValues:|ForAnyValue:)?(.+?)(IfExists)?$/.exec(text)
  const [, set, operator = '', ifExists] = parts ?? []
  const got = lookup(key)
  const values: readonly Scalar[] = got === undefined ? [] : typeof got === 'object' ? got : [got]
  const nothing = values.every((value) => value === '')
  if (operator === 'Null') return wanted.some((value) => readBoolean(value) === nothing)

  const negated = negatedOperators.has(operator)
  const compare = (value: Scalar): Answer => {
    const answers = wanted.map((operand) => matches(operator, value, operand, version, lookup))
    if (answers.includes(true)) return !negated
    return answers.includes('unclear') ? 'unclear' : negated
  }
  if (set === 'ForAllValues:') return nothing ? true : every(values.map(compare))
  if (set === 'ForAnyValue:') return nothing ? false : some(values.map(compare))
  const [value] = values
  if (value === undefined) return negated || ifExists !== undefined
  return values.length > 1 ? 'unclear' : compare(value)
}

const negatedOperators: ReadonlySet<string> = new Set([
  'StringNotEquals',
  'StringNotEqualsIgnoreCase',
  'StringNotLike',
  'NumericNotEquals',
  'DateNotEquals',
  'NotIpAddress',
  'ArnNotEquals',
  'ArnNotLike',
])

function every(answers: readonly Answer[]): Answer {
  return answers.includes(false) ? false : answers.includes('unclear') ? 'unclear' : true
}

function some(answers: readonly Answer[]): Answer {
  return answers.includes(true) ? true : answers.includes('unclear') ? 'unclear' : false
}

/** Whether one value matches one operand, negation aside. */
function matches(
  operator: string,
  value: Scalar,
  operand: Scalar,
  version: string | undefined,
  lookup: Lookup,
): Answer {
  const text = String(value)
  const literal = (): string | undefined => literally(String(operand), version, lookup)
  switch (operator) {
    case 'StringEquals':
    case 'StringNotEquals':
      return text === literal()
    case 'StringEqualsIgnoreCase':
    case 'StringNotEqualsIgnoreCase':
      return text.toLowerCase() === literal()?.toLowerCase()
    case 'StringLike':
    case 'StringNotLike': {
      const pattern = withVariables(String(operand), version, lookup)
      return pattern !== undefined && wildcardMatches(pattern, text)
    }
    case 'ArnEquals':
    case 'ArnLike':
    case 'ArnNotEquals':
    case 'ArnNotLike': {
      const pattern = withVariables(String(operand), version, lookup)
      return pattern !== undefined && arnMatches(pattern, text)
    }
    case 'IpAddress':
    case 'NotIpAddress': {
      const [address, network] = [readAddress(text), readNetwork(String(operand))]
      return address === undefined || network === undefined ? 'unclear' : inNetwork(address, network)
    }
    case 'Bool':
      return ordered(readBoolean(value), readBoolean(operand), (left, right) => left === right)
    case 'BinaryEquals':
      return ordered(readBinary(value), readBinary(operand), (left, right) => left === right)
  }
  const numeric = /^Numeric(.+)$/.exec(operator)?.[1]
  const date = /^Date(.+)$/.exec(operator)?.[1]
  const relation = relations[numeric ?? date ?? '']
  if (relation === undefined) throw new TypeError(`unknown operator ${operator}`)
  const read = date === undefined ? readNumber : readDate
  return ordered(read(value), read(operand), relation)
}

const relations: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  Equals: (left, right) => left === right,
  NotEquals: (left, right) => left === right,
  LessThan: (left, right) => left < right,
  LessThanEquals: (left, right) => left <= right,
  GreaterThan: (left, right) => left > right,
  GreaterThanEquals: (left, right) => left >= right,
}

function ordered<T>(left: T | undefined, right: T | undefined, relation: (left: T, right: T) => boolean): Answer {
  return left === undefined || right === undefined ? 'unclear' : relation(left, right)
}

function literally(operand: string, version: string | undefined, lookup: Lookup): string | undefined {
  const pattern = withVariables(operand, version, lookup)
  return pattern?.map((char) => (typeof char === 'string' ? char : char.wildcard === 'star' ? '*' : '?')).join('')
}

/** Characters and wildcards of a pattern, variables filled in literally; undefined when one has no value. */
export function withVariables(
  pattern: string,
  version: string | undefined,
  lookup: Lookup,
): readonly Wild[] | undefined {
  const result: Wild[] = []
  const token = /\$\{([*?$])\}|\$\{\s*([^'{},]+?)\s*(?:,\s*'([^']*)'\s*)?\}|[^]/gu
  for (const [char, escaped, key, fallback] of pattern.matchAll(token)) {
    const isVariable = version === '2012-10-17'
    if (isVariable && escaped !== undefined) result.push(escaped)
    else if (isVariable && key !== undefined) {
      const value = lookup(key)
      if (typeof value === 'object') return undefined
      const text = value === undefined ? fallback : String(value)
      if (text === undefined) return undefined
      result.push(...Array.from(text))
    } else {
      for (const each of char) {
        result.push(each === '*' ? { wildcard: 'star' } : each === '?' ? { wildcard: 'any' } : each)
      }
    }
  }
  return result
}

/** The textbook's recursion, with a table so that it ends. */
export function wildcardMatches(pattern: readonly Wild[], text: string): boolean {
  const chars = Array.from(text)
  const seen = new Map<number, boolean>()
  const from = (p: number, t: number): boolean => {
    const place = p * (chars.length + 1) + t
    const known = seen.get(place)
    if (known !== undefined) return known
    const wanted = pattern[p]
    const char = chars[t]
    const answer =
      wanted === undefined
        ? char === undefined
        : typeof wanted === 'string'
          ? wanted === char && from(p + 1, t + 1)
          : wanted.wildcard === 'any'
            ? char !== undefined && from(p + 1, t + 1)
            : from(p + 1, t) || (char !== undefined && (wanted.wildcard === 'star' || char !== ':') && from(p, t + 1))
    seen.set(place, answer)
    return answer
  }
  return from(0, 0)
}

function arnMatches(pattern: readonly Wild[], text: string): boolean {
  if (pattern.length > 0 && pattern.every((char) => typeof char === 'object' && char.wildcard === 'star')) return true
  const parts: Wild[][] = [[]]
  for (const char of pattern) {
    if (char === ':' && parts.length < 6) parts.push([])
    else parts.at(-1)?.push(char)
  }
  const fields = text.split(':')
  const texts = [...fields.slice(0, 5), fields.slice(5).join(':')]
  if (parts.length < 6 || fields.length < 6) return false
  return parts.every((part, index) => wildcardMatches(part, texts[index] ?? ''))
}
