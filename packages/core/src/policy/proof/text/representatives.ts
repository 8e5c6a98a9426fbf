import { any, anyInPart, star, starInPart, type Step } from './steps.ts'

/** Texts of which every class of texts has one: two texts are of a class when exactly the same patterns match them. */
export interface Representatives {
  readonly texts: readonly string[]
  /** False when the work grew past its bound, so that classes may be missing. */
  readonly complete: boolean
}

/** What may stand in a text besides the characters that the patterns name. */
export interface Alphabet {
  /** Code points, the most readable first; more than any pattern can name at one place. */
  readonly fillers: readonly number[]
  /** UTF-16 units; longer texts are not of interest. */
  readonly maxLength: number
}

/** Places looked at, over all states; more make the answer incomplete. */
const mostWork = 4_000_000

/**
 * The shortest text of every class, by walking all patterns at once (their product automaton, made on the way): a state
 * is the set of places reached, and only the characters named there, and one that is not, lead on.
 */
export function representatives(patterns: readonly (readonly Step[])[], alphabet: Alphabet): Representatives {
  const automaton = layOut(patterns)
  const states = new Map<string, true>()
  const queue: State[] = []
  const finals = new Map<string, string>()
  const visit = (places: readonly number[], from: State | undefined, code: number): void => {
    const key = places.join(',')
    if (states.has(key)) return
    states.set(key, true)
    queue.push({ places, from, code, length: from === undefined ? 0 : from.length + (code > 0xffff ? 2 : 1) })
  }
  visit(closure(automaton, automaton.starts), undefined, 0)
  let work = 0
  for (let index = 0; index < queue.length; index += 1) {
    const state = queue[index]
    if (state === undefined || state.length > alphabet.maxLength) continue
    const accepted = state.places.filter((place) => automaton.steps[place] === undefined).join(',')
    if (!finals.has(accepted)) finals.set(accepted, textOf(state))
    const codes = codesAt(automaton, state.places, alphabet)
    work += codes.length * (state.places.length + 1)
    if (work > mostWork) return { texts: [...finals.values()], complete: false }
    for (const code of codes) {
      visit(closure(automaton, move(automaton, state.places, code)), state, code)
    }
  }
  return { texts: [...finals.values()], complete: true }
}

interface State {
  readonly places: readonly number[]
  readonly from: State | undefined
  readonly code: number
  readonly length: number
}

/** All patterns one after the other; each ends at a place without a step. */
interface Automaton {
  readonly steps: readonly (Step | undefined)[]
  readonly starts: readonly number[]
  /** Which pattern a place belongs to. */
  readonly owners: readonly number[]
}

function layOut(patterns: readonly (readonly Step[])[]): Automaton {
  const steps: (Step | undefined)[] = []
  const starts: number[] = []
  const owners: number[] = []
  for (const [owner, pattern] of patterns.entries()) {
    starts.push(steps.length)
    for (const step of [...pattern, undefined]) {
      steps.push(step)
      owners.push(owner)
    }
  }
  return { steps, starts, owners }
}

/** With what a star leads to; without what lies before a star of the same pattern, which matches all that it would. */
function closure({ steps, owners }: Automaton, places: readonly number[]): readonly number[] {
  const all = new Set<number>()
  for (const place of places) {
    all.add(place)
    for (let at = place; steps[at] === star || steps[at] === starInPart; at += 1) all.add(at + 1)
  }
  const sorted = [...all].toSorted((left, right) => right - left)
  let last = -1
  return sorted
    .filter((place) => {
      const owner = owners[place] ?? -1
      if (owner === last) return false
      if (steps[place] === star) last = owner
      return true
    })
    .toReversed()
}

const colon = 0x3a

function move({ steps }: Automaton, places: readonly number[], code: number): readonly number[] {
  const next: number[] = []
  for (const place of places) {
    const step = steps[place]
    if (step === undefined) continue
    if (typeof step === 'object') {
      if (step.includes(code)) next.push(place + 1)
    } else if (step === star || (step === starInPart && code !== colon)) next.push(place)
    else if (step === any || (step === anyInPart && code !== colon) || step === code) next.push(place + 1)
  }
  return next
}

/** The characters that make a difference here, and one that makes none, most readable first. */
function codesAt({ steps }: Automaton, places: readonly number[], { fillers }: Alphabet): readonly number[] {
  const named = new Set<number>()
  for (const place of places) {
    const step = steps[place]
    if (step === undefined) continue
    if (typeof step === 'object') for (const code of step) named.add(code)
    else if (step >= 0) named.add(step)
    else if (step === anyInPart || step === starInPart) named.add(colon)
  }
  const filler = fillers.find((code) => !named.has(code))
  return filler === undefined ? [...named] : [filler, ...named]
}

function textOf(state: State): string {
  const codes: number[] = []
  for (let at: State | undefined = state; at?.from !== undefined; at = at.from) codes.push(at.code)
  return String.fromCodePoint(...codes.toReversed())
}
