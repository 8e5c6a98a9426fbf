import type { AccessRequest } from '@sallyport/core/access'
import fc from 'fast-check'

import { compile, compileLayer, type LayerSet, type PolicySet } from '../decide/policy-set.ts'
import type { Statement } from '../document.ts'
import type { Proof } from '../proof/find-request.ts'
import { allows, within } from '../proof/prove.ts'
import { accessRequest, awsRequest, policyLayers } from './generated.ts'
import { request as asking } from './policies.ts'

/** Everything that speaks on one access. */
export const policySets: fc.Arbitrary<PolicySet> = policyLayers.map(compile)

/** Documents of one layer. */
export const layerSets: fc.Arbitrary<LayerSet> = policyLayers.map(({ identity = [], boundary = [], session = [] }) =>
  compileLayer('identity', [...identity, ...boundary, ...session].slice(0, 2)),
)

const letters = (most: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/'), minLength: 1, maxLength: most })
const infix = letters(2).map((word) => `arn:aws:s3:::*${word}*`)
const overlapping = fc.oneof(
  { weight: 6, arbitrary: infix },
  { weight: 1, arbitrary: fc.tuple(letters(1), letters(2)).map(([head, word]) => `arn:aws:s3:::${head}*${word}`) },
  { weight: 1, arbitrary: letters(2).map((head) => `arn:aws:s3:::${head}*`) },
  { weight: 1, arbitrary: letters(3).map((name) => `arn:aws:s3:::${name}`) },
)

const overlappingStatements: fc.Arbitrary<readonly Statement[]> = fc.array(
  fc.record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
    Action: fc.constantFrom('s3:Get', 's3:*'),
    Resource: fc.uniqueArray(overlapping, { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 2, maxLength: 5 },
)

/** Two documents whose resources overlap in more ways than are told apart; of half of them one holds the other. */
export const overlappingPairs: fc.Arbitrary<readonly [LayerSet, LayerSet]> = fc
  .tuple(overlappingStatements, overlappingStatements, fc.boolean())
  .map(([one, other, isPart]) => {
    const layer = (Statement: readonly Statement[]): LayerSet =>
      compileLayer('identity', [{ name: 'p', document: { Version: '2012-10-17', Statement } }])
    const wider = [...one, ...other].filter(({ Effect }) => Effect === 'Allow')
    return [layer(one), layer(isPart ? wider : other)] as const
  })

/** Requests on such resources. */
export const overlappingRequests: fc.Arbitrary<readonly AccessRequest[]> = fc.array(
  fc
    .tuple(fc.constantFrom('s3:Get', 's3:Put'), letters(8))
    .map(([action, name]) => asking({ action, resource: `arn:aws:s3:::${name}` })),
  { minLength: 60, maxLength: 60 },
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
