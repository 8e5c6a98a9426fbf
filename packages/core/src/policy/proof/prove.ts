import type { AccessRequest } from '@sallyport/core/access'

import { decide } from '../decide/decide.ts'
import { applies, compileStatements } from '../decide/statement.ts'
import type { Statement } from '../document.ts'
import { readFacts } from '../match/facts.ts'
import { TooLarge } from './diagram.ts'
import { allowedBy, besidesOf, collectGroups, type Groups, type Provable, statementsOf } from './model.ts'
import { search, type Formula } from './search.ts'
import { type Given, makeUniverse, type Universe } from './universe.ts'
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

/** Requests to be asked about; several are alternatives. Written as a policy writes them; each part may be left out. */
export type Question = Pick<Statement, 'Principal' | 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Condition'>

/** Whether every request that `a` allows, `b` allows too. */
export function within(a: Provable, b: Provable, given: Given = {}): Proof {
  return refute([a, b], given, [], (one, other) => ({ kind: 'all', of: [one, { kind: 'not', of: other }] }), [
    true,
    false,
  ])
}

/** Whether both allow the same requests. A refutation is a request that only one of them allows. */
export function equal(a: Provable, b: Provable, given: Given = {}): Proof {
  const there = within(a, b, given)
  return there.holds === true ? within(b, a, given) : there
}

/** Whether no request is allowed by both; a refutation is one that is. */
export function disjoint(a: Provable, b: Provable, given: Given = {}): Proof {
  return refute([a, b], given, [], (one, other) => ({ kind: 'all', of: [one, other] }), [true, true])
}

/** Whether no request of these is allowed; a refutation is one that is. */
export function unreachable(policies: Provable, questions: readonly Question[], given: Given = {}): Proof {
  return refute([policies], given, questions, (one) => one, [true])
}

/** Choices for which no request was found are not looked at without end. */
const mostRefused = 200
const mostStates = 400_000

/** Looks for a request that satisfies the formula over what each of the policies allows, and one of the questions. */
function refute(
  provables: readonly Provable[],
  given: Given,
  questions: readonly Question[],
  formulaOf: (...allowed: readonly [Formula, Formula]) => Formula,
  expected: readonly boolean[],
): Proof {
  const asked = questionStatements(questions)
  let open = false
  let refused = 0
  let universe: Universe
  try {
    universe = makeUniverse(
      [...provables.flatMap(statementsOf), ...asked].map((one) => ({
        source: one.source,
        variables: one.takesVariables,
      })),
      given,
      besidesOf(provables),
    )
    const groups: Groups = collectGroups()
    const [first, second] = provables.map((one) => allowedBy(one, universe, groups))
    if (first === undefined) throw new TypeError('nothing to prove')
    const formula: Formula = {
      kind: 'all',
      of: [
        ...(questions.length === 0
          ? []
          : [groups.add(asked.map((one) => universe.speaks({ source: one.source, variables: true }, 0, false)))]),
        formulaOf(first, second ?? first),
        ...universe.sound.map((diagram) => groups.add([diagram])),
      ],
    }
    let witness: AccessRequest | undefined
    search({ formula, groups: groups.all, sizes: universe.sizes, most: mostStates }, (choice) => {
      const requests = requestsFor(universe, choice)
      witness = requests.find(
        (request) =>
          provables.every((policies, index) => allows(policies, request) === expected[index]) &&
          (questions.length === 0 || asked.some((one) => speaksOf(one, request))),
      )
      if (witness !== undefined) return true
      refused += 1
      if (requests.length === 0 || [...choice.keys()].some((level) => universe.open.has(level))) open = true
      if (refused > mostRefused) throw new TooLarge()
      return false
    })
    if (witness !== undefined) return { holds: false, witness }
  } catch (error) {
    if (error instanceof TooLarge) {
      return refused > mostRefused
        ? unresolved(open)
        : unknown('policy.proof_bound', 'the policies multiply beyond what is looked at')
    }
    throw error
  }
  if (refused > 0) return unresolved(open)
  return universe.gap === undefined ? { holds: true } : unknown('policy.proof_gap', universe.gap)
}

/** Whether these policies allow the request, by the evaluator. */
export function allows(policies: Provable, request: AccessRequest): boolean {
  if (policies.kind === 'set') return decide(policies, [request]).effect === 'allow'
  const facts = readFacts(request, false)
  if ('malformed' in facts) return false
  return policies.denies.find(facts, 0) === undefined && policies.allows.find(facts, 0) !== undefined
}

type Asked = ReturnType<typeof questionStatements>[number]

function questionStatements(questions: readonly Question[]): ReturnType<typeof compileStatements> {
  const Statement = questions.map((question): Statement => {
    const anything = question.Action === undefined && question.NotAction === undefined ? { Action: '*' } : {}
    return { Effect: 'Allow', ...anything, ...question }
  })
  return compileStatements('identity', { name: 'question', document: { Version: '2012-10-17', Statement } })
}

function speaksOf(question: Asked, request: AccessRequest): boolean {
  const facts = readFacts(request, false)
  return !('malformed' in facts) && applies(question, facts, 0)
}

function unresolved(open: boolean): Unknown {
  return open
    ? unknown('policy.proof_open', 'what may refute it hangs on variables, and no request was found that shows it')
    : unknown('policy.proof_disagreement', 'the proof found a request on which the evaluator decides otherwise')
}

function unknown(code: ProofCode, message: string): Unknown {
  return { holds: 'unknown', code, message }
}
