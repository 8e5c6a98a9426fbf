import type { AccessRequest, Decision } from '@sallyport/core/access'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'

import {
  type Authority,
  compile,
  compilePolicies,
  decide,
  decideNaively,
  nearestMiss,
  type PolicyLayers,
  type PolicySet,
} from './index.ts'
import { accessRequest, appPolicies, awsRequest, manyStatements, policyLayers } from './testing/generated.ts'

const { seed, times } = inject('fuzz') ?? { seed: 20260101, times: 1 }

/** Policies and requests that are asked of each; together over 100,000 questions, and more under `npm run fuzz`. */
const runs = { numRuns: 2100 * times, seed }
const perPolicy = { minLength: 24, maxLength: 24 }

/** What both evaluators must say alike. The matcher library is too slow to be asked this often. */
function said(decision: Decision): string {
  const [reason] = decision.reasons
  const denial = decision.effect === 'deny' ? [decision.explicit, decision.layer] : []
  return [decision.effect, reason?.code, reason?.layer, ...denial].join(' ')
}

/** Counts the answers, and throws at the first that the two give differently. */
function agreement() {
  const seen = { allow: 0, explicit: 0, implicit: 0 }
  return {
    ask: (
      compiled: Authority | PolicySet,
      naive: Parameters<typeof decideNaively>[0],
      asked: Parameters<typeof decide>[1],
    ) => {
      const decision = decide(compiled, asked)
      const [ours, theirs] = [said(decision), said(decideNaively(naive, asked))]
      if (ours !== theirs) throw new Error(`compiled: ${ours}; naive: ${theirs}`)
      if (decision.effect === 'allow') seen.allow += 1
      else seen[decision.explicit ? 'explicit' : 'implicit'] += 1
      // The explanation never disagrees with the decision.
      const [request] = asked
      const isAllowed =
        asked.length === 1 ? decision.effect === 'allow' : decide(compiled, [request]).effect === 'allow'
      if ((nearestMiss(compiled, request) === undefined) !== isAllowed) throw new Error(`explained otherwise: ${ours}`)
    },
    /** A generator that only ever makes one answer would prove nothing. */
    everyAnswerWasSeen: (least: number) =>
      expect(Math.min(seen.allow, seen.explicit, seen.implicit)).toBeGreaterThan(least),
  }
}

test(
  'on an app, the indexed evaluator and the one read from the specification always agree',
  { timeout: 120_000 * times },
  () => {
    const both = agreement()
    fc.assert(
      fc.property(appPolicies, fc.array(accessRequest, perPolicy), (policies, requests) => {
        const authority = compilePolicies(policies)
        for (const request of requests) both.ask(authority, policies, [request])
        const [first, second] = requests as [AccessRequest, AccessRequest]
        both.ask(authority, policies, [first, second])
      }),
      runs,
    )
    both.everyAnswerWasSeen(3000)
  },
)

test('on every layer and kind of principal, the two evaluators always agree', { timeout: 120_000 * times }, () => {
  const both = agreement()
  fc.assert(
    fc.property(policyLayers, fc.array(awsRequest, perPolicy), (layers: PolicyLayers, requests) => {
      const set = compile(layers)
      for (const request of requests) both.ask(set, layers, [request])
    }),
    runs,
  )
  both.everyAnswerWasSeen(3000)
})

test('among many statements, the index finds what asking one by one finds', { timeout: 120_000 * times }, () => {
  const both = agreement()
  fc.assert(
    fc.property(manyStatements, fc.array(awsRequest, perPolicy), (layers: PolicyLayers, requests) => {
      const set = compile(layers)
      for (const request of requests) both.ask(set, layers, [request])
    }),
    { ...runs, numRuns: 150 * times },
  )
  both.everyAnswerWasSeen(100)
})
