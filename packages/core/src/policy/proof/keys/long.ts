import { hasVariable } from '../template.ts'
import { matchesSteps } from '../text/steps.ts'
import { isPrefix } from '../text/texts.ts'
import type { Atom } from './atoms.ts'
import { isBoundedIn, type Operand, stepsOf } from './scalars.ts'

/**
 * What a condition with variables says of a long text of its key; undefined where that hangs on what they stand for.
 * Long texts are shown for every beginning (`scalarsFor`), and for nothing else that patterns may tell apart.
 */
export function settledLong({ condition, operands, unclear }: Atom, text: string): boolean | undefined {
  const { family, negated } = condition.use.operator
  const asked = operands.filter((operand) => !isBoundedIn(family, operand))
  const matched = asked.map((operand): boolean | undefined => {
    const { pieces = [] } = operand
    const steps = stepsOf(family, operand) ?? []
    if (!hasVariable(pieces)) return matchesSteps(steps, text)
    return ofItself(operand, condition.name) ?? (isPrefix(steps) && !matchesSteps(steps, text) ? false : undefined)
  })
  if (matched.includes(true)) return !negated
  if (matched.includes(undefined)) return undefined
  return asked.length < operands.length ? unclear : negated
}

/** Whether a text that is not empty matches a pattern in which its key stands, which leaves no room besides it. */
function ofItself({ pieces = [] }: Operand, name: string): boolean | undefined {
  const own = pieces.filter((piece) => piece.kind === 'variable' && piece.key === name)
  const others = pieces.filter(({ kind }) => kind !== 'star').length - own.length
  if (own.length === 0) return undefined
  if (own.length > 1 || pieces.some(({ kind }) => kind === 'text' || kind === 'any')) return false
  return others === 0 ? true : undefined
}
