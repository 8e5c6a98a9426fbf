import { parsePattern, type PatternNode } from './parse-pattern.ts'

/** How much work may still be done, in steps of some ten nanoseconds. Shared by the patterns that judge one text. */
export interface PatternBudget {
  steps: number
}

/** Whether a pattern stands anywhere in a text; undefined when the budget did not suffice to say. */
export type Pattern = (text: string, budget: PatternBudget) => boolean | undefined

/** A pattern, or why it is none here: words that go on after its name. */
export type CompiledPattern =
  | { readonly kind: 'pattern'; readonly test: Pattern }
  | { readonly kind: 'refused'; readonly why: string }

type Instruction =
  | { readonly kind: 'character'; readonly takes: (point: number) => boolean }
  | { readonly kind: 'at'; readonly where: (PatternNode & { kind: 'at' })['where'] }
  /** Goes on at both. */
  | { readonly kind: 'split'; one: number; other: number }
  | { readonly kind: 'match' }

/** What repetitions of repetitions are written out to. */
const maxInstructions = 5_000

class TooLarge extends Error {}

/**
 * Compiles a regular expression to something that never goes back: it is in all its places at once and reads each
 * character once, so that its work is bounded by the text's length times the pattern's (Thompson 1968). The runtime's
 * own expressions try one way after the other, and 30 characters can take them minutes: `^(\w+\s?)*$`.
 */
export function compilePattern(source: string): CompiledPattern {
  const parsed = parsePattern(source)
  if (parsed.kind === 'refused') return parsed
  const work = plainWork(parsed.node)
  if (work !== undefined) {
    const own = new RegExp(source, 'u')
    const test: Pattern = (text, budget) => {
      budget.steps -= work * text.length
      return budget.steps < 0 ? undefined : own.test(text)
    }
    return { kind: 'pattern', test }
  }
  const program: Instruction[] = []
  try {
    write(program, parsed.node)
    program.push({ kind: 'match' })
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    return { kind: 'refused', why: 'is too large, with its repetitions written out' }
  }
  return { kind: 'pattern', test: (text, budget) => run(program, text, budget) }
}

/** Where it goes over a character again, the runtime's own expressions do some ten times as much in one step. */
const stepOfRuntime = 0.1

/**
 * The steps for each character of a text, where the runtime's own expressions are fast; undefined where they are not
 * for certain. It is one character after the other, of which one may come any number of times where the text's
 * beginning is fixed: all that can be tried is another place to begin, or to end it. At each such place as many
 * characters may be read as the others are.
 */
function plainWork(node: PatternNode): number | undefined {
  const parts = node.kind === 'all' ? node.of : [node]
  if (parts.length > maxInstructions) return undefined
  const [first] = parts
  const isFixed = first?.kind === 'at' && first.where === 'start'
  let open = 0
  let length = 0
  for (const part of parts) {
    if (part.kind === 'character') length += 1
    else if (part.kind === 'repeat' && part.of.kind === 'character') {
      if (part.min !== part.max) open += 1
      length += part.min
    } else if (part.kind !== 'at') return undefined
  }
  if (open > (isFixed ? 1 : 0)) return undefined
  return isFixed && open === 0 ? 0 : length * stepOfRuntime
}

function put(program: Instruction[], instruction: Instruction): void {
  if (program.push(instruction) > maxInstructions) throw new TooLarge()
}

function split(program: Instruction[]): Instruction & { kind: 'split' } {
  const made: Instruction & { kind: 'split' } = { kind: 'split', one: program.length + 1, other: program.length + 1 }
  put(program, made)
  return made
}

/** Appends what a node comes to; what follows it stands where the program then ends. */
function write(program: Instruction[], node: PatternNode): void {
  switch (node.kind) {
    case 'character':
      return put(program, { kind: 'character', takes: takesOnce(node) })
    case 'at':
      return put(program, node)
    case 'all':
      for (const part of node.of) write(program, part)
      return
    case 'one': {
      const ends: (Instruction & { kind: 'split' })[] = []
      for (const [index, choice] of node.of.entries()) {
        const begun = index === node.of.length - 1 ? undefined : split(program)
        write(program, choice)
        if (begun === undefined) continue
        ends.push(split(program))
        begun.other = program.length
      }
      for (const end of ends) end.one = end.other = program.length
      return
    }
    case 'repeat': {
      for (let written = 0; written < node.min; written += 1) {
        const before = program.length
        write(program, node.of)
        if (program.length === before) break // nothing, any number of times
      }
      if (node.max === Infinity) {
        const begin = program.length
        const loop = split(program)
        write(program, node.of)
        const back = split(program)
        back.one = back.other = begin
        loop.other = program.length
        return
      }
      const ends: (Instruction & { kind: 'split' })[] = []
      for (let written = node.min; written < node.max; written += 1) {
        ends.push(split(program))
        write(program, node.of)
      }
      for (const end of ends) end.other = program.length
    }
  }
}

const known = new WeakMap<PatternNode, (point: number) => boolean>()

/** What is written out a thousand times is made once. */
function takesOnce(node: PatternNode & { kind: 'character' }): (point: number) => boolean {
  const takes = known.get(node) ?? takesOf(node.is)
  known.set(node, takes)
  return takes
}

/** Asked of one character at a time, the runtime's own classes have nothing to go back to. */
function takesOf(is: number | string): (point: number) => boolean {
  if (typeof is === 'number') return (point) => point === is
  const one = new RegExp(`^${is}$`, 'u')
  const ascii = Array.from({ length: 128 }, (_, point) => one.test(String.fromCharCode(point)))
  return (point) => ascii[point] ?? one.test(String.fromCodePoint(point))
}

function run(program: readonly Instruction[], text: string, budget: PatternBudget): boolean | undefined {
  const seen = new Int32Array(program.length).fill(-1)
  let places: number[] = []
  let isFound = false
  /** All places that are reached from one without reading a character. */
  const enter = (begin: number, at: number, into: number[]): void => {
    const open = [begin]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const instruction = program[place]
      if (instruction === undefined || seen[place] === at) continue
      seen[place] = at
      budget.steps -= 1
      if (instruction.kind === 'character') into.push(place)
      else if (instruction.kind === 'match') isFound = true
      else if (instruction.kind === 'split') open.push(instruction.other, instruction.one)
      else if (stands(instruction.where, text, at)) open.push(place + 1)
    }
  }
  for (let at = 0; ;) {
    enter(0, at, places)
    if (isFound) return true
    if (budget.steps < 0) return undefined
    const point = text.codePointAt(at)
    if (point === undefined) return false
    const next = at + (point > 0xffff ? 2 : 1)
    const reached: number[] = []
    for (const place of places) {
      const instruction = program[place]
      budget.steps -= 1
      if (instruction?.kind === 'character' && instruction.takes(point)) enter(place + 1, next, reached)
    }
    places = reached
    at = next
  }
}

function stands(where: (PatternNode & { kind: 'at' })['where'], text: string, at: number): boolean {
  switch (where) {
    case 'start':
      return at === 0
    case 'end':
      return at === text.length
    case 'border':
      return isWord(text, at - 1) !== isWord(text, at)
    case 'no-border':
      return isWord(text, at - 1) === isWord(text, at)
  }
}

function isWord(text: string, at: number): boolean {
  return /^\w$/.test(text.charAt(at))
}
