import { limits } from '../../limits.ts'
import { readNetwork } from '../../match/network.ts'
import type { Scalar } from '../../match/operand.ts'
import type { Family } from '../../match/operators.ts'
import type { Piece } from '../../match/template.ts'
import { readDate, readNumber } from '../../match/values.ts'
import { addressesFor } from './addresses.ts'
import { foldsByContext, star, type Step, stepsOfArn, stepsOfFolded, stepsOfGlob, stepsOfText } from '../text/steps.ts'
import { anyText, readable, textsFor } from '../text/texts.ts'

/** One condition's values, as its operator reads them. */
export interface Comparison {
  readonly family: Family
  readonly operands: readonly Operand[]
}

/** One value of a condition. `pieces` only where the operator reads it as a template. */
export interface Operand {
  readonly value: Scalar
  readonly pieces: readonly Piece[] | undefined
}

/** Single values that together show everything that the conditions on one key can tell apart. */
export interface Scalars {
  /** The most readable first. */
  readonly values: readonly Scalar[]
  /** Texts that are alone in their class. */
  readonly literal: ReadonlySet<string>
  /** Numbers and booleans that are here only because such a text is written like them; no list holds one. */
  readonly written: ReadonlySet<Scalar>
  /** How the conditions read a value; where in several ways, a class may be missing from `values`. */
  readonly readings: ReadonlySet<Reading>
  /** Why classes may be missing altogether. */
  readonly gap: string | undefined
}

/** A way of reading a value that does not tell what another way makes of it. */
export type Reading = 'text' | 'binary' | 'ordered' | 'address'

/** How a family of operators reads a value. */
export function readingOf(family: Family): Reading {
  switch (family) {
    case 'number':
    case 'date':
      return 'ordered'
    case 'address':
    case 'binary':
      return family
    case 'string':
    case 'folded-string':
    case 'pattern':
    case 'arn':
    case 'boolean':
    case 'null':
      return 'text'
  }
}

/** The languages of texts that one operand tells apart; a variable in it stands for anything. */
export function stepsOf(family: Family, { value, pieces }: Operand): readonly Step[] | undefined {
  switch (family) {
    case 'string':
      return stepsOfGlob(pieces ?? [])
    case 'folded-string':
      return (pieces ?? []).flatMap((piece, at, all) => {
        if (piece.kind !== 'text') return [star]
        const steps = stepsOfFolded(piece.text)
        // U+0130 lower-cases to an i and a dot, and the dot may be the variable's.
        return at < all.length - 1 && /i$/i.test(piece.text) ? [...steps.slice(0, -1), [0x69, 0x49, 0x130]] : steps
      })
    case 'pattern':
      return stepsOfGlob(pieces ?? [])
    case 'arn':
      return stepsOfArn(pieces ?? [])
    case 'boolean':
    case 'binary':
      return family === 'boolean' ? stepsOfFolded(String(value)) : stepsOfText(String(value))
    case 'number':
    case 'date':
    case 'address':
    case 'null':
      return undefined
  }
}

/** Values for the conditions on one key; `more` are patterns that matter besides theirs. */
export function scalarsFor(comparisons: readonly Comparison[], more: readonly (readonly Step[])[]): Scalars {
  const patterns: (readonly Step[])[] = [[], ...more]
  const numbers: number[] = []
  const dates: number[] = []
  const operands: Scalar[] = []
  const networks: string[] = []
  const binaries: number[] = []
  let gap: string | undefined
  let isBounded = false
  const prefixes: string[] = []
  for (const { family, operands: list } of comparisons) {
    for (const operand of list) {
      const steps = stepsOf(family, operand)
      if (steps !== undefined) patterns.push(steps)
      if (family === 'folded-string' && foldsByContext(textIn(operand))) gap = 'letters that fold by their place'
      if (isBoundedIn(family, operand)) isBounded = true
      else if (family === 'pattern' || family === 'string') prefixes.push(prefixOf(operand.pieces ?? []))
      if (family === 'number') numbers.push(readNumber(operand.value) ?? 0)
      if (family === 'date') dates.push(readDate(operand.value) ?? 0)
      if (family === 'number' || family === 'date') operands.push(operand.value)
      // One of these is none of the policies'.
      if (family === 'binary') binaries.push(0, 1)
      if (family === 'address') networks.push(String(operand.value))
    }
  }
  const families = new Set(comparisons.map(({ family }) => family))
  const texts = textsFor(patterns, { fillers: anyText, maxLength: limits.matchedLength })
  if (!texts.complete) gap = 'too many patterns that overlap'
  const ordered = orderedFor(numbers, dates)
  if (ordered.gap) gap = 'numbers too close to each other'
  const addresses = addressesFor(networks.map(readNetwork).filter((network) => network !== undefined))
  const readings = new Set<Reading>(more.length > 0 ? ['text'] : [])
  for (const { family } of comparisons) if (family !== 'null') readings.add(readingOf(family))
  const others = new Set<Scalar>([...ordered.values, ...operands])
  // The number 2026 is the text `2026`, and a date, which the text is not.
  const written = readings.size > 1 ? [...texts.literal].flatMap(writtenLike).filter((one) => !others.has(one)) : []
  return {
    values: [
      ...(families.has('boolean') ? [true, false] : []),
      ...patterns.map(readable).filter((text) => text !== ''),
      ...ordered.values,
      ...operands,
      ...addresses,
      // A text may be read as a number and not as a date.
      ...(readings.size > 1 || (families.has('number') && families.has('date'))
        ? spellings(ordered.values, addresses)
        : []),
      ...binaries.map((_, index) => `AA${String(index).padStart(2, '0')}`),
      ...texts.texts.filter((text) => text !== ''),
      ...written,
      ...(isBounded ? longTexts(prefixes, patterns) : []),
      '',
    ],
    literal: texts.literal,
    written: new Set(written),
    readings,
    gap,
  }
}

/** The number or the boolean of which this is the text. */
function writtenLike(text: string): readonly Scalar[] {
  if (text === 'true' || text === 'false') return [text === 'true']
  const number = Number(text)
  return Number.isFinite(number) && String(number) === text ? [number] : []
}

function textIn({ pieces }: Operand): string {
  return (pieces ?? [])
    .map((piece) => (piece.kind === 'text' ? `${piece.text}${piece.text.toLowerCase()}` : ''))
    .join('')
}

/** Whether an operand is not asked of long texts: patterns are that end with their only wildcard (`compileGlob`). */
export function isBoundedIn(family: Family, { pieces = [] }: Operand): boolean {
  if (family === 'arn') return true
  return (
    family === 'pattern' && pieces.some(({ kind }, at) => kind === 'any' || (kind === 'star' && at < pieces.length - 1))
  )
}

/** The text before the first variable or wildcard. */
function prefixOf([first]: readonly Piece[]): string {
  return first?.kind === 'text' ? first.text : ''
}

/** Texts longer than what other patterns are asked of: see `limits.matchedLength`. */
function longTexts(prefixes: readonly string[], patterns: readonly (readonly Step[])[]): readonly string[] {
  const used = new Set(patterns.flat(2))
  const filler = anyText.find((code) => !used.has(code)) ?? 0x5_0000
  const tail = String.fromCodePoint(filler).repeat(limits.matchedLength + 1)
  return [tail, ...prefixes.map((prefix) => prefix + tail)]
}

/** Each point, something between two neighbours, and something beyond the ends; dates as dates. */
function orderedFor(
  numbers: readonly number[],
  dates: readonly number[],
): { readonly values: readonly Scalar[]; readonly gap: boolean } {
  const cells = (points: readonly number[]): readonly number[] => {
    const sorted = [...new Set(points)].toSorted((left, right) => left - right)
    const [first, last] = [sorted[0], sorted.at(-1)]
    if (first === undefined || last === undefined) return []
    const between = sorted.slice(1).map((point, index) => ((sorted[index] ?? point) + point) / 2)
    return [...sorted, ...between, first - step(first), last + step(last)]
  }
  const step = (point: number): number => Math.max(1, Math.abs(point) * 0.5)
  const seconds = cells([...numbers, ...dates.map((date) => date / 1000)])
  const moments = cells(dates).map((ms) => isoOf(Math.round(ms)))
  const values: Scalar[] = [...moments.filter((iso) => iso !== undefined), ...seconds]
  return {
    values,
    gap:
      missesCell(numbers, values.map(readNumber)) ||
      missesCell(
        dates,
        [...values, ...dates.map((date) => date / 1000)].map((value) => readDate(value)),
      ),
  }
}

function isoOf(ms: number): string | undefined {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999
    ? undefined
    : date.toISOString().replace('.000', '')
}

/** Whether two neighbours have numbers between them of which none is among the values. */
function missesCell(points: readonly number[], values: readonly (number | undefined)[]): boolean {
  const sorted = [...new Set(points)].toSorted((left, right) => left - right)
  return sorted.slice(1).some((high, index) => {
    const low = sorted[index] ?? high
    const middle = (low + high) / 2
    return middle > low && middle < high && !values.some((value) => value !== undefined && value > low && value < high)
  })
}

/** The same numbers and addresses in other words: a key may also be asked as a text. */
function spellings(ordered: readonly Scalar[], addresses: readonly string[]): readonly string[] {
  return [
    ...ordered.flatMap((value) =>
      typeof value === 'number'
        ? [String(value), `+${value}`, `0${value}`, `${value}.0000`, value.toFixed(3), value.toFixed(15)]
        : [String(value).replace('Z', '+00:00')],
    ),
    ...addresses.map((address) => (address.includes(':') ? address.toUpperCase() : `::ffff:${address}`)),
  ]
}
