/**
 * A condition on several choices, as an ordered decision diagram: at each level one class is chosen, and the diagram
 * says what is left to be asked. Equal diagrams are one object, so that they are compared by identity.
 */
export interface Diagram {
  readonly id: number
  /** The level asked here; of the two ends, which ask nothing, it is infinite. */
  readonly level: number
  /** Classes with an answer of their own, in sets that do not meet. */
  readonly branches: readonly Branch[]
  /** For all other classes. */
  readonly otherwise: Diagram
}

/** What is left where one of these classes is chosen. Classes ascend. */
export interface Branch {
  readonly classes: readonly number[]
  readonly next: Diagram
}

/** Makes diagrams of one universe. */
export interface Diagrams {
  readonly always: Diagram
  readonly never: Diagram
  /** Holds when the class chosen at the level is one of these. */
  readonly oneOf: (level: number, classes: readonly number[]) => Diagram
  readonly and: (diagrams: readonly Diagram[]) => Diagram
  readonly or: (diagrams: readonly Diagram[]) => Diagram
  readonly not: (diagram: Diagram) => Diagram
}

/** `sizes` are the numbers of classes of each level. Throws `TooLarge` where the diagrams grow past `most`. */
export function makeDiagrams(sizes: readonly number[], most: number): Diagrams {
  const table = new Map<string, Diagram>()
  const sets = new Map<string, number>()
  const end = (id: number): Diagram => {
    const node = { id, level: Infinity, branches: [] }
    return Object.assign(node, { otherwise: node as unknown as Diagram })
  }
  const never = end(0)
  const always = end(1)
  let nextId = 2

  const setId = (classes: readonly number[]): number => {
    const key = classes.join(',')
    const known = sets.get(key)
    if (known !== undefined) return known
    sets.set(key, sets.size)
    return sets.size - 1
  }

  const make = (level: number, cells: ReadonlyMap<Diagram, readonly number[]>, otherwise: Diagram): Diagram => {
    let rest = otherwise
    const branches: Branch[] = []
    let covered = 0
    for (const [next, classes] of cells) {
      covered += classes.length
      if (next !== otherwise && classes.length > 0) branches.push({ classes, next })
    }
    // Nothing is left for the others: the largest branch takes their place, so that there is one way to write it.
    if (covered === sizes[level]) {
      const largest = branches.toSorted((left, right) => right.classes.length - left.classes.length)[0]
      if (branches.reduce((sum, { classes }) => sum + classes.length, 0) === covered && largest !== undefined) {
        rest = largest.next
        branches.splice(branches.indexOf(largest), 1)
      }
    }
    if (branches.length === 0) return rest
    branches.sort((left, right) => left.next.id - right.next.id)
    const key = `${level}|${branches.map(({ classes, next }) => `${setId(classes)}:${next.id}`).join(';')}|${rest.id}`
    const known = table.get(key)
    if (known !== undefined) return known
    if (nextId > most) throw new TooLarge()
    const made: Diagram = { id: nextId, level, branches, otherwise: rest }
    nextId += 1
    table.set(key, made)
    return made
  }

  type Operation = 'and' | 'or'
  const memos: Readonly<Record<Operation, Map<number, Diagram>>> = { and: new Map(), or: new Map() }
  const combine = (operation: Operation, left: Diagram, right: Diagram): Diagram => {
    const [absorbing, neutral] = operation === 'and' ? [never, always] : [always, never]
    if (left === absorbing || right === absorbing) return absorbing
    if (left === neutral || left === right) return right
    if (right === neutral) return left
    const [first, second] = left.id < right.id ? [left, right] : [right, left]
    const key = first.id * 0x400_0000 + second.id
    const known = memos[operation].get(key)
    if (known !== undefined) return known
    const level = Math.min(first.level, second.level)
    const made = meet(level, first, second, (one, other) => combine(operation, one, other))
    memos[operation].set(key, made)
    return made
  }

  const meet = (
    level: number,
    first: Diagram,
    second: Diagram,
    join: (one: Diagram, other: Diagram) => Diagram,
  ): Diagram => {
    const own = (diagram: Diagram): readonly Branch[] => (diagram.level === level ? diagram.branches : [])
    const rest = (diagram: Diagram): Diagram => (diagram.level === level ? diagram.otherwise : diagram)
    const chosen = new Map<number, [Diagram, Diagram]>()
    for (const { classes, next } of own(first)) for (const one of classes) chosen.set(one, [next, rest(second)])
    for (const { classes, next } of own(second)) {
      for (const one of classes) {
        const known = chosen.get(one)
        if (known === undefined) chosen.set(one, [rest(first), next])
        else known[1] = next
      }
    }
    const cells = new Map<Diagram, number[]>()
    for (const one of [...chosen.keys()].toSorted((left, right) => left - right)) {
      const [left, right] = chosen.get(one) ?? [first, second]
      const next = join(left, right)
      const cell = cells.get(next)
      if (cell === undefined) cells.set(next, [one])
      else cell.push(one)
    }
    return make(level, cells, join(rest(first), rest(second)))
  }

  const negated = new Map<Diagram, Diagram>([
    [never, always],
    [always, never],
  ])
  const not = (diagram: Diagram): Diagram => {
    const known = negated.get(diagram)
    if (known !== undefined) return known
    const cells = new Map(diagram.branches.map(({ classes, next }) => [not(next), classes]))
    const made = make(diagram.level, cells, not(diagram.otherwise))
    negated.set(diagram, made)
    negated.set(made, diagram)
    return made
  }

  const fold =
    (operation: Operation, neutral: Diagram) =>
    (diagrams: readonly Diagram[]): Diagram =>
      // From the deepest up: what is joined then mostly stands below what it is joined to.
      diagrams
        .toSorted((left, right) => right.level - left.level)
        .reduce((joined, diagram) => combine(operation, diagram, joined), neutral)

  return {
    always,
    never,
    oneOf: (level, classes) => make(level, new Map([[always, classes]]), never),
    and: fold('and', always),
    or: fold('or', never),
    not,
  }
}

/** The work grew past its bound; the question has no answer here. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}
