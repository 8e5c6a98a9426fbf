import type { AccessRequest } from '@sallyport/core/access'

import { decide } from '../decide/decide.ts'
import type { LayerSet } from '../decide/policy-set.ts'
import { type CompiledStatement, compileStatements, gradeOf } from '../decide/statement.ts'
import type { Statement } from '../document.ts'
import { readFacts } from '../match/facts.ts'
import { findRequest, type Proof } from './find-request.ts'
import { allowedBy, besidesOf, type Provable, spokenBy, statementsOf } from './model.ts'
import type { Formula } from './search.ts'
import type { Given } from './universe.ts'

/** Requests to be asked about; several are alternatives. Written as a policy writes them; each part may be left out. */
export type Question = Pick<Statement, 'Principal' | 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Condition'>

/** Whether every request that `a` allows, `b` allows too; with questions, every one of those that they ask about. */
export function within(a: Provable, b: Provable, given: Given = {}, questions: readonly Question[] = []): Proof {
  return refute([a, b], given, questions, (one, other) => ({ kind: 'all', of: [one, { kind: 'not', of: other }] }), [
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

/**
 * Whether putting `after` in the place of `before` lets nothing more happen, whatever other policies stand beside: it
 * denies at least as much, and what it allows was allowed. A refutation is a request for which that is not so.
 */
export function narrows(before: LayerSet, after: LayerSet): Proof {
  const of = (layer: LayerSet, effect: Statement['Effect']): readonly CompiledStatement[] =>
    layer.statements.filter(({ source }) => source.Effect === effect)
  const speaking = (statements: readonly CompiledStatement[], request: AccessRequest): boolean =>
    statements.some((one) => speaksOf(one, request))
  return findRequest({
    statements: [...before.statements, ...after.statements].map(spokenBy),
    given: {},
    besides: besidesOf([before, after]),
    formula: (universe, groups) => {
      const group = (statements: readonly CompiledStatement[]): Formula =>
        groups.add(statements.map((one) => universe.speaks(spokenBy(one), 0, false)))
      const no = (formula: Formula): Formula => ({ kind: 'not', of: formula })
      const denied = no(group(of(after, 'Deny')))
      return {
        kind: 'all',
        of: [
          denied,
          {
            kind: 'some',
            of: [
              group(of(before, 'Deny')),
              { kind: 'all', of: [group(of(after, 'Allow')), no(group(of(before, 'Allow')))] },
            ],
          },
        ],
      }
    },
    shows: (request) =>
      !speaking(of(after, 'Deny'), request) &&
      (speaking(of(before, 'Deny'), request) ||
        (speaking(of(after, 'Allow'), request) && !speaking(of(before, 'Allow'), request))),
  })
}

/** Looks for a request that satisfies the formula over what each of the policies allows, and one of the questions. */
function refute(
  provables: readonly Provable[],
  given: Given,
  questions: readonly Question[],
  formulaOf: (...allowed: readonly [Formula, Formula]) => Formula,
  expected: readonly boolean[],
): Proof {
  const asked = questionStatements(questions)
  return findRequest({
    statements: [...provables.flatMap(statementsOf), ...asked].map(spokenBy),
    given,
    besides: besidesOf(provables),
    formula: (universe, groups) => {
      const [first, second] = provables.map((one) => allowedBy(one, universe, groups))
      if (first === undefined) throw new TypeError('nothing to prove')
      const claim = formulaOf(first, second ?? first)
      const among = asked.map((one) => universe.speaks(spokenBy(one), 0, false))
      return questions.length === 0 ? claim : { kind: 'all', of: [groups.add(among), claim] }
    },
    shows: (request) =>
      provables.every((policies, index) => allows(policies, request) === expected[index]) &&
      (questions.length === 0 || asked.some((one) => speaksOf(one, request))),
  })
}

/** Whether these policies allow the request, by the evaluator. */
export function allows(policies: Provable, request: AccessRequest): boolean {
  if (policies.kind === 'set') return decide(policies, [request]).effect === 'allow'
  const saying = (effect: Statement['Effect']): boolean =>
    policies.statements.some((one) => one.source.Effect === effect && speaksOf(one, request))
  return saying('Allow') && !saying('Deny')
}

function questionStatements(questions: readonly Question[]): readonly CompiledStatement[] {
  const Statement = questions.map((question): Statement => {
    const anything = question.Action === undefined && question.NotAction === undefined ? { Action: '*' } : {}
    return { Effect: 'Allow', ...anything, ...question }
  })
  return compileStatements('identity', { name: 'question', document: { Version: '2012-10-17', Statement } })
}

/** Whether a statement speaks of the request, by the evaluator. */
export function speaksOf(question: CompiledStatement, request: AccessRequest): boolean {
  const facts = readFacts(request, false)
  return !('malformed' in facts) && gradeOf(question, facts) > 0
}
