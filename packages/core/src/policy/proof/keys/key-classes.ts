import type { ContextValue } from '@sallyport/core/access'

import { isNullSet } from '../../match/condition.ts'
import { readAddress } from '../../match/network.ts'
import type { Scalar } from '../../match/operand.ts'
import { readBinary, readDate, readNumber } from '../../match/values.ts'
import { type Atom, factsOf } from './atoms.ts'
import { type Reading, readingOf, scalarsFor, stepsOf } from './scalars.ts'
import { matchesSteps, type Step } from '../text/steps.ts'
import { isLong } from '../text/texts.ts'

/** One class of what a request may give for a key. */
export interface KeyClass {
  readonly kind: 'absent' | 'one' | 'list' | 'many'
  /**
   * A value of the class: undefined for `absent`; for `many`, a list of which the members are chosen separately; and
   * for a class of which nobody has shown that it holds anything.
   */
  readonly value: ContextValue | undefined
  /** False for a class that may be empty: a proof counts it, a witness cannot use it. */
  readonly shown: boolean
  /** The only text in the class; undefined where there are others. */
  readonly text: string | undefined
}

/** What a request may give for one key, as far as policies can tell. */
export interface KeyClasses {
  /** Lower-case. */
  readonly name: string
  /** The first is absence. */
  readonly classes: readonly KeyClass[]
  /** The class of lists of which the members are chosen; none where nobody asks for members. */
  readonly many: readonly number[]
  /** Atom id → the classes, `many` aside, for which it holds; of atoms without variables. */
  readonly holding: ReadonlyMap<string, readonly number[]>
  /** Classes of members of a list, where an operator asks for members; otherwise empty. The first is the empty text. */
  readonly members: readonly KeyMember[]
  readonly gap: string | undefined
}

/** One class of members of a list. */
export interface KeyMember {
  /** Undefined where nobody has shown that the class has members. */
  readonly value: string | undefined
  /** The ids of the atoms that this member satisfies. */
  readonly satisfies: ReadonlySet<string>
}

/** More classes than these are not made up for a key that is read in several ways. */
const mostMadeUp = 4096

/**
 * Finds the classes of one key. `more` are patterns that matter besides those of the atoms; `isVariable` is whether the
 * key stands as a variable anywhere, where a list of one is not the same as its only member.
 */
export function keyClasses(
  name: string,
  atoms: readonly Atom[],
  more: readonly (readonly Step[])[],
  isVariable: boolean,
): KeyClasses {
  const plain = atoms.filter(({ variables }) => variables.length === 0)
  const comparisons = atoms.map(({ condition, operands }) => ({ family: condition.use.operator.family, operands }))
  const scalars = scalarsFor(comparisons, more)
  const asksMembers = atoms.some(({ condition }) => condition.use.quantifier !== 'none')
  const lists: ContextValue[] = asksMembers
    ? []
    : [
        ['a', 'b'],
        ['', ''],
      ]
  const classes: KeyClass[] = []
  const answered: readonly number[][] = plain.map(() => [])
  const holding = new Map(plain.map(({ id }, at) => [id, answered[at] ?? []]))
  const signatures = new Set<string>()
  /** `bits` say which of the plain atoms hold. */
  const add = (bits: string, mark: string, one: KeyClass): void => {
    const signature = `${one.kind} ${bits} ${mark}`
    if (signatures.has(signature)) return
    signatures.add(signature)
    for (let at = 0; at < bits.length; at += 1) if (bits[at] === '1') answered[at]?.push(classes.length)
    classes.push(one)
  }
  const answer = (value: ContextValue | undefined): string => {
    const facts = factsOf(value === undefined ? new Map() : new Map([[name, value]]))
    return plain.map(({ condition }) => (condition.holds(facts) ? '1' : '0')).join('')
  }
  // What stands beside a variable in an operator's values tells texts apart as well.
  const compared = atoms
    .filter(({ variables }) => variables.length > 0)
    .flatMap(({ condition, operands }) =>
      operands.flatMap((operand) => [stepsOf(condition.use.operator.family, operand) ?? []]),
    )
  const looked = [...more, ...compared]
  // A long text is unclear to some of them, whatever it matches.
  const looksLong = (text: string): string => (compared.length > 0 && isLong(text) ? ' long' : '')
  const look = (text: string): string =>
    looked.map((steps) => (matchesSteps(steps, text) ? '1' : '0')).join('') + looksLong(text)

  add(answer(undefined), '', { kind: 'absent', value: undefined, shown: true, text: undefined })
  const seen = [...new Set(scalars.values)].map((value) => {
    const text = String(value)
    return { value, bits: answer(value), looks: look(text), text: scalars.literal.has(text) ? text : undefined }
  })
  for (const { value, bits, looks, text } of seen) {
    const mark = `${looks} ${isVariable && text !== undefined ? `=${text}` : ''}`
    add(bits, mark, { kind: 'one', value, shown: true, text })
  }
  const hidden = scalars.readings.size > 1 ? madeUp(plain, seen) : []
  for (const { bits, looks } of hidden ?? []) {
    add(bits, `${looks} `, { kind: 'one', value: undefined, shown: false, text: undefined })
  }
  // Plain operators take a list of one for its member; a variable does not.
  const ones = isVariable ? seen.map((one) => ({ ...one, list: [String(one.value)] })) : []
  for (const { list, looks } of ones) {
    add(answer(list), looks, { kind: 'list', value: list, shown: true, text: undefined })
  }
  const isUnread = ones.some(({ value, list, bits }) => !scalars.written.has(value) && answer(list) !== bits)
  for (const list of lists) add(answer(list), '', { kind: 'list', value: list, shown: true, text: undefined })
  if (asksMembers) classes.push({ kind: 'many', value: undefined, shown: true, text: undefined })
  const members = asksMembers ? membersFor(plain, scalars) : { members: [], gap: false }
  const gap =
    scalars.gap ??
    (isUnread ? 'numbers of more digits than a list may hold' : undefined) ??
    (hidden === undefined ? 'a key that is read in many ways' : undefined) ??
    (members.gap ? 'members of a list that are no plain texts' : undefined)
  const many = asksMembers ? [classes.length - 1] : []
  return { name, classes, many, holding, members: members.members, gap }
}

/**
 * A value that is read in two ways: what one makes of it does not say what the other does, so every combination counts
 * that is not ruled out, whether or not a value for it was found.
 */
function madeUp(plain: readonly Atom[], seen: readonly Seen[]): readonly Pick<Seen, 'bits' | 'looks'>[] | undefined {
  const readings: readonly Reading[] = ['text', 'address', 'binary', 'ordered']
  const part = ({ bits }: Seen, reading: Reading): string =>
    Array.from(bits, (bit, at) => {
      const atom = plain[at]
      return atom !== undefined && readingOf(atom.condition.use.operator.family) === reading ? bit : ' '
    }).join('')
  // A text that is alone in its class has been asked everything itself.
  const open = seen.filter(({ text }) => text === undefined)
  let combinations: readonly Combination[] = [{ bits: '', looks: '', isAddress: false }]
  for (const reading of readings) {
    const found = new Map(
      (reading === 'text' ? open : seen).map((one): [string, Combination] => {
        const isRead = reading !== 'text' && reads(reading, one.value)
        const bits = part(one, reading)
        const looks = reading === 'text' ? one.looks : ''
        return [`${bits}|${looks}|${isRead}`, { bits, looks, isAddress: isRead }]
      }),
    )
    const next = new Map<string, Combination>()
    for (const known of combinations) {
      for (const more of found.values()) {
        // An address has two dots or two colons, which no number, no date and no base64 has.
        if (reading !== 'text' && known.isAddress && more.isAddress) continue
        const bits = overlay(known.bits, more.bits)
        const looks = known.looks + more.looks
        const isAddress = known.isAddress || (reading === 'address' && more.isAddress)
        next.set(`${bits}|${looks}|${isAddress}`, { bits, looks, isAddress })
      }
    }
    combinations = [...next.values()]
    if (combinations.length > mostMadeUp) return undefined
  }
  return combinations
}

/** What a value answers that may not have been found; and while it is made up, whether it is read as an address. */
interface Combination extends Pick<Seen, 'bits' | 'looks'> {
  readonly isAddress: boolean
}

function reads(reading: Exclude<Reading, 'text'>, value: Scalar): boolean {
  switch (reading) {
    case 'address':
      return typeof value === 'string' && readAddress(value) !== undefined
    case 'binary':
      return readBinary(value) !== undefined
    case 'ordered':
      return readNumber(value) !== undefined || readDate(value) !== undefined
  }
}

/** One value that was asked: what it answered, and its text where that is alone in its class. */
interface Seen {
  readonly value: Scalar
  readonly bits: string
  readonly looks: string
  readonly text: string | undefined
}

function overlay(below: string, above: string): string {
  if (below === '') return above
  return Array.from(above, (bit, index) => (bit === ' ' ? below[index] : bit)).join('')
}

/** More classes of members than these are not made up. */
const mostMembersMadeUp = 256

/** A list holds texts; numbers are among them as they are written. */
function membersFor(
  plain: readonly Atom[],
  { values, literal, written }: ReturnType<typeof scalarsFor>,
): { readonly members: readonly KeyMember[]; readonly gap: boolean } {
  const asking = plain.filter(({ condition }) => condition.use.quantifier !== 'none')
  const members = new Map<string, KeyMember>()
  const told = (value: Scalar): string => asking.map((atom) => (atom.holdsForOne(value) ? '1' : '0')).join('')
  const add = (bits: string, value: string | undefined): void => {
    const signature = `${isNullSet(value) && value === ''} ${bits}`
    const satisfies = new Set(asking.filter((_, index) => bits[index] === '1').map(({ id }) => id))
    if (!members.has(signature)) members.set(signature, { value, satisfies })
  }
  const seen = [...new Set(['', ...values.map(String)])].map((text) => ({
    value: text,
    bits: told(text),
    looks: '',
    text: literal.has(text) ? text : undefined,
  }))
  for (const { bits, value } of seen) add(bits, value)
  const readings = new Set(asking.map(({ condition }) => readingOf(condition.use.operator.family)))
  const hidden = readings.size > 1 ? madeUp(asking, seen) : []
  for (const { bits } of hidden?.slice(0, mostMembersMadeUp) ?? []) add(bits, undefined)
  return {
    members: [...members.values()],
    gap:
      hidden === undefined ||
      hidden.length > mostMembersMadeUp ||
      values.some((value) => typeof value === 'number' && !written.has(value) && !members.has(`false ${told(value)}`)),
  }
}
