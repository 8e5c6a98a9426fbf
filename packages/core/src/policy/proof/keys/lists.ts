import type { Atom } from './atoms.ts'
import type { Diagram, Diagrams } from '../diagram.ts'

/** What conditions with variables in them say of a list of several, whose members nobody compares one by one. */
export interface ListChoices {
  /** Levels of choices of two. */
  readonly levels: readonly number[]
  /** When the condition's members are as its quantifier wants them; the list is none of empty texts alone. */
  readonly satisfied: (atom: Atom, diagrams: Diagrams) => Diagram
}

/** Whether some member is one of these operands, and whether all are: the one follows from the other. */
interface Choices {
  readonly operands: readonly string[]
  readonly some: number
  readonly all: number
}

/**
 * A choice for each condition, and where texts are compared for equality one for each list of operands: whoever has all
 * members among these has some, and has them among any longer list as well; and none is another than all.
 */
export function listChoices(atoms: readonly Atom[], levelOf: () => number): ListChoices {
  const asking = atoms.filter(({ variables, condition }) => variables.length > 0 && condition.use.quantifier !== 'none')
  const groups = new Map<string, Map<string, Choices>>()
  const own = new Map<string, number>()
  for (const atom of asking) {
    const group = groupOf(atom)
    if (group === undefined) {
      own.set(atom.id, own.get(atom.id) ?? levelOf())
      continue
    }
    const choices = groups.get(group) ?? new Map<string, Choices>()
    groups.set(group, choices)
    const operands = operandsOf(atom)
    const name = JSON.stringify(operands)
    if (!choices.has(name)) choices.set(name, { operands, some: levelOf(), all: levelOf() })
  }
  const levels = [...groups.values()].flatMap((choices) =>
    [...choices.values()].flatMap(({ some, all }) => [some, all]),
  )
  return {
    levels: [...levels, ...own.values()],
    satisfied: (atom, diagrams) => {
      const chosen = (level: number | undefined): Diagram =>
        level === undefined ? diagrams.never : diagrams.oneOf(level, [1])
      const group = groupOf(atom)
      if (group === undefined) return chosen(own.get(atom.id))
      const operands = new Set(operandsOf(atom))
      const narrower = [...(groups.get(group)?.values() ?? [])].filter((one) =>
        one.operands.every((operand) => operands.has(operand)),
      )
      const all = diagrams.or(narrower.map((one) => chosen(one.all)))
      const some = diagrams.or([all, ...narrower.map((one) => chosen(one.some))])
      const { operator, quantifier } = atom.condition.use
      // All are another where none is one of these, and some are where not all are.
      if (operator.negated) return diagrams.not(quantifier === 'all' ? some : all)
      return quantifier === 'all' ? all : some
    },
  }
}

/** Conditions that compare the same members in the same way; undefined where a member can be too long to be asked. */
function groupOf({ condition }: Atom): string | undefined {
  const { family } = condition.use.operator
  return family === 'string' || family === 'folded-string' ? `${family} ${condition.name}` : undefined
}

function operandsOf({ condition }: Atom): readonly string[] {
  return [...new Set(condition.wanted.map(String))].toSorted()
}
