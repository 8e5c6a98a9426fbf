import type { Diagram, Diagrams } from '../diagram.ts'
import type { KeyLevels } from './levels.ts'
import type { Template } from '../template.ts'

/** A pattern that is a variable alone: whoever matches it is equal to the variable's key. */
interface Equality {
  readonly keys: readonly [string, string]
  readonly matches: Diagram
}

/**
 * Of three keys, two that are each equal to the third are equal to each other; and equality has no direction. Said of
 * single values only: a variable stands for no list.
 */
export function soundEqualities(
  templates: readonly Template[],
  matchTemplate: (template: Template) => Diagram,
  keyOf: (name: string) => KeyLevels | undefined,
  diagrams: Diagrams,
): readonly Diagram[] {
  const equalities = templates.flatMap(({ on, flavour, pieces }): readonly Equality[] => {
    const [piece] = pieces
    const isEquality = pieces.length === 1 && (flavour === 'string' || flavour === 'pattern') && on !== ''
    if (!isEquality || piece?.kind !== 'variable' || piece.fallback !== undefined || piece.key === on) return []
    return [{ keys: [on, piece.key], matches: matchTemplate({ on, flavour, pieces }) }]
  })
  const single = (name: string): Diagram => {
    const key = keyOf(name)
    if (key === undefined) return diagrams.never
    const classes = [...key.classes.keys()].filter((index) => {
      const one = key.classes[index]
      return one?.kind === 'one' && one.shown
    })
    return diagrams.oneOf(key.level, classes)
  }
  const implies = (names: readonly string[], known: readonly Diagram[], then: Diagram): Diagram =>
    diagrams.or([diagrams.not(diagrams.and([...new Set(names)].map(single).concat(known))), then])
  return equalities.flatMap((one, at) =>
    equalities.slice(at + 1).flatMap((two): readonly Diagram[] => {
      const names = new Set([...one.keys, ...two.keys])
      if (names.size === 2) {
        if (one.matches === two.matches) return []
        return [implies(one.keys, [one.matches], two.matches), implies(one.keys, [two.matches], one.matches)]
      }
      if (names.size !== 3) return []
      const third = equalities.find(
        ({ keys, matches }) =>
          matches !== one.matches &&
          matches !== two.matches &&
          keys.every((key) => names.has(key) && !(one.keys.includes(key) && two.keys.includes(key))),
      )
      return third === undefined ? [] : [implies([...names], [one.matches, two.matches], third.matches)]
    }),
  )
}
