import type { AccessRequest } from '@sallyport/core/access'
import fc from 'fast-check'

import { compile, compileLayer, type LayerSet, type PolicySet } from '../decide/policy-set.ts'
import type { Proof } from '../proof/find-request.ts'
import { allows, within } from '../proof/prove.ts'
import { accessRequest, awsRequest, policyLayers } from './generated.ts'

/** Everything that speaks on one access. */
export const policySets: fc.Arbitrary<PolicySet> = policyLayers.map(compile)

/** Documents of one layer. */
export const layerSets: fc.Arbitrary<LayerSet> = policyLayers.map(({ identity = [], boundary = [], session = [] }) =>
  compileLayer('identity', [...identity, ...boundary, ...session].slice(0, 2)),
)

/** Requests to try a proof against. */
export const requests: fc.Arbitrary<readonly AccessRequest[]> = fc.array(fc.oneof(accessRequest, awsRequest), {
  minLength: 40,
  maxLength: 40,
})

/**
 * Proves one of the other and holds the answer against requests: a proof must have no counterexample among them, and
 * the witness of a refutation must be one. Throws where that is not so; gives the answer in one word.
 */
export function checkWithin(a: PolicySet | LayerSet, b: PolicySet | LayerSet, tried: readonly AccessRequest[]): string {
  const proof: Proof = within(a, b)
  const refutes = (request: AccessRequest): boolean => allows(a, request) && !allows(b, request)
  if (proof.holds === 'unknown') {
    if (proof.code === 'policy.proof_disagreement') throw new Error('the proof and the evaluator disagree')
    return proof.code
  }
  if (!proof.holds) {
    if (!refutes(proof.witness)) throw new Error('the witness shows nothing')
    return 'refuted'
  }
  const counterexample = tried.find(refutes)
  if (counterexample !== undefined) throw new Error(`proved, and refuted by ${JSON.stringify(counterexample)}`)
  return 'holds'
}
