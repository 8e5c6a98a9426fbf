import type { Diagram } from './diagram.ts'
import { TooLarge } from './diagram.ts'

/** What is asked of groups of diagrams; a group holds when one of its diagrams does. */
export type Formula =
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'not'; readonly of: Formula }
  | { readonly kind: 'all' | 'some'; readonly of: readonly Formula[] }

/** The class chosen at each level; levels that made no difference are absent. */
export type Choice = ReadonlyMap<number, number>

/** What to look for, and how far. */
export interface Search {
  readonly formula: Formula
  readonly groups: readonly (readonly Diagram[])[]
  /** The number of classes of each level. */
  readonly sizes: readonly number[]
  /** States looked at; past this, `TooLarge` is thrown. */
  readonly most: number
}

/**
 * Looks for choices that make the formula true, the first classes first, and shows each to `accept` until it takes one.
 * The groups stay sets of diagrams: their union is never built, it is followed only where the formula is still open,
 * and what was found to lead nowhere is not entered again. Gives the choice that was taken.
 */
export function search(
  { formula, groups, sizes, most }: Search,
  accept: (choice: Choice) => boolean,
): Choice | undefined {
  const dead = new Set<string>()
  const path = new Map<number, number>()
  let looked = 0
  let refused = 0

  const enter = (state: State): boolean => {
    const verdict = judge(formula, state)
    if (verdict === false) return false
    if (verdict === true) {
      if (accept(path)) return true
      refused += 1
      return false
    }
    const open = openGroups(formula, state)
    const trimmed = state.map((group, index) => (open.has(index) ? group : undecided(group)))
    const key = trimmed.map((group) => group.map(({ id }) => id).join(',')).join('|')
    if (dead.has(key)) return false
    looked += 1
    if (looked > most) throw new TooLarge()
    const before = refused
    const level = Math.min(...trimmed.flatMap((group) => group.map((diagram) => diagram.level)))
    for (const { chosen, next } of successors(trimmed, level, sizes[level] ?? 0)) {
      path.set(level, chosen)
      if (enter(next())) return true
      path.delete(level)
    }
    // What a refused choice leads to is not known to be nothing.
    if (refused === before) dead.add(key)
    return false
  }

  return enter(groups.map(unite)) ? new Map(path) : undefined
}

/** By group, the diagrams of which one must still come true; a group that holds has only the end that always does. */
type State = readonly (readonly Diagram[])[]

const neverId = 0
const alwaysId = 1

function unite(diagrams: readonly Diagram[]): readonly Diagram[] {
  const seen = new Map<number, Diagram>()
  for (const diagram of diagrams) {
    if (diagram.id === alwaysId) return [diagram]
    if (diagram.id !== neverId) seen.set(diagram.id, diagram)
  }
  return [...seen.values()].toSorted((left, right) => left.id - right.id)
}

/** A group that no longer matters: as good as empty, unless it holds, which costs nothing to keep. */
function undecided(group: readonly Diagram[]): readonly Diagram[] {
  return group[0]?.id === alwaysId ? group : []
}

function judge(formula: Formula, state: State): boolean | undefined {
  switch (formula.kind) {
    case 'group': {
      const group = state[formula.group] ?? []
      return group.length === 0 ? false : group[0]?.id === alwaysId ? true : undefined
    }
    case 'not': {
      const inner = judge(formula.of, state)
      return inner === undefined ? undefined : !inner
    }
    case 'all':
    case 'some': {
      const ends = formula.kind === 'some'
      let open = false
      for (const part of formula.of) {
        const verdict = judge(part, state)
        if (verdict === ends) return ends
        if (verdict === undefined) open = true
      }
      return open ? undefined : !ends
    }
  }
}

/** The groups on which the answer still depends. */
function openGroups(formula: Formula, state: State, found: Set<number> = new Set<number>()): ReadonlySet<number> {
  if (judge(formula, state) !== undefined) return found
  switch (formula.kind) {
    case 'group':
      found.add(formula.group)
      break
    case 'not':
      openGroups(formula.of, state, found)
      break
    case 'all':
    case 'some':
      for (const part of formula.of) openGroups(part, state, found)
  }
  return found
}

interface Successor {
  /** The first class that leads here. */
  readonly chosen: number
  readonly next: () => State
}

/** One answer that a diagram of the state gives for some of the classes. */
interface Block {
  readonly group: number
  readonly diagram: Diagram
  readonly after: Diagram
}

/** Classes that lead to the same are taken once; those that no diagram names, together. */
function successors(state: State, level: number, size: number): readonly Successor[] {
  const blocks: Block[] = []
  // A class is described by the blocks that name it, as a path in a tree; equal paths are one node.
  const nodes: { readonly parent: number; readonly block: number }[] = [{ parent: -1, block: -1 }]
  const children = new Map<number, number>()
  const nodeOf = new Map<number, number>()
  const passing: Diagram[][] = []
  const answering: Diagram[][] = []
  for (const [group, diagrams] of state.entries()) {
    passing.push(diagrams.filter((diagram) => diagram.level !== level))
    const asked = diagrams.filter((diagram) => diagram.level === level)
    answering.push(asked.filter(({ otherwise }) => otherwise.id !== neverId))
    for (const diagram of asked) {
      for (const { classes, next: after } of diagram.branches) {
        const block = blocks.push({ group, diagram, after }) - 1
        for (const one of classes) {
          const parent = nodeOf.get(one) ?? 0
          const key = parent * 0x200_0000 + block
          let node = children.get(key)
          if (node === undefined) {
            node = nodes.push({ parent, block }) - 1
            children.set(key, node)
          }
          nodeOf.set(one, node)
        }
      }
    }
  }
  const firsts = new Map<number, number>()
  for (const [one, node] of nodeOf) firsts.set(node, Math.min(one, firsts.get(node) ?? one))
  if (nodeOf.size < size) {
    let unnamed = 0
    while (nodeOf.has(unnamed)) unnamed += 1
    firsts.set(0, unnamed)
  }
  const next = (node: number): State => {
    const touched = state.map(() => new Map<number, Diagram>())
    for (let at = node; at > 0; at = nodes[at]?.parent ?? 0) {
      const block = blocks[nodes[at]?.block ?? -1]
      if (block !== undefined) touched[block.group]?.set(block.diagram.id, block.after)
    }
    return state.map((_, group) => {
      const named = touched[group] ?? new Map<number, Diagram>()
      const others = (answering[group] ?? []).filter(({ id }) => !named.has(id)).map(({ otherwise }) => otherwise)
      return unite([...(passing[group] ?? []), ...others, ...named.values()])
    })
  }
  return [...firsts]
    .toSorted(([, left], [, right]) => left - right)
    .map(([node, chosen]) => ({ chosen, next: () => next(node) }))
}
