import type { AccessRequest } from '@sallyport/core/access'

import { TooLarge } from './diagram.ts'
import { collectGroups, type Groups } from './model.ts'
import { type Formula, search } from './search.ts'
import { type Besides, type Given, makeUniverse, type Spoken, type Universe } from './universe.ts'
import { requestsFor } from './witness.ts'

/** Why a question has no answer. */
export type ProofCode =
  /** The work grew past its bound. */
  | 'policy.proof_bound'
  /** The policies ask for something of which not every case is known, so that nothing can be ruled out. */
  | 'policy.proof_gap'
  /** What may refute it hangs on variables, or on a value read in two ways, and no request was found for it. */
  | 'policy.proof_open'
  /** The proof and the evaluator disagree; neither is believed. */
  | 'policy.proof_disagreement'

/** No answer, and why. */
export interface Unknown {
  readonly holds: 'unknown'
  readonly code: ProofCode
  readonly message: string
}

/**
 * What a proof says of a claim about every request: it holds; or it does not, with a request that shows it, about which
 * the evaluator itself was asked; or neither is known.
 */
export type Proof = { readonly holds: true } | { readonly holds: false; readonly witness: AccessRequest } | Unknown

/** What to look for. */
export interface Sought {
  /** All that the formula speaks of. */
  readonly statements: readonly Spoken[]
  readonly given: Given
  readonly besides: Besides
  readonly formula: (universe: Universe, groups: Groups) => Formula
  /** Whether a request is one that was looked for, by the evaluator: the only word that counts. */
  readonly shows: (request: AccessRequest) => boolean
}

/** Choices for which no request was found are not looked at without end. */
const mostRefused = 200
const mostStates = 400_000

/** Looks for a request; the claim that there is none holds when every class of requests has been ruled out. */
export function findRequest({ statements, given, besides, formula, shows }: Sought): Proof {
  let open = false
  let refused = 0
  try {
    const universe = makeUniverse(statements, given, besides)
    const groups = collectGroups()
    const claim = formula(universe, groups)
    const sound = universe.sound.map((diagram) => groups.add([diagram]))
    let witness: AccessRequest | undefined
    const accept = (choice: ReadonlyMap<number, number>): boolean => {
      const requests = requestsFor(universe, choice)
      witness = requests.find(shows)
      if (witness !== undefined) return true
      refused += 1
      if (requests.length === 0 || [...choice.keys()].some((level) => universe.open.has(level))) open = true
      if (refused > mostRefused) throw new TooLarge()
      return false
    }
    search(
      { formula: { kind: 'all', of: [claim, ...sound] }, groups: groups.all, sizes: universe.sizes, most: mostStates },
      accept,
    )
    if (witness !== undefined) return { holds: false, witness }
    if (refused > 0) return unresolved(open)
    return universe.gap === undefined ? { holds: true } : unknown('policy.proof_gap', universe.gap)
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    if (refused > mostRefused) return unresolved(open)
    return unknown('policy.proof_bound', 'the policies multiply beyond what is looked at')
  }
}

function unresolved(open: boolean): Unknown {
  return open
    ? unknown('policy.proof_open', 'what may refute it hangs on variables, and no request was found that shows it')
    : unknown('policy.proof_disagreement', 'the proof found a request on which the evaluator decides otherwise')
}

function unknown(code: ProofCode, message: string): Unknown {
  return { holds: 'unknown', code, message }
}
