import type { AccessRequest, Decision } from '@sallyport/core/access'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  type AppPolicies,
  compilePolicies,
  decide,
  decideNaively,
  nearestMiss,
  type PolicyKind,
  type Statement,
  validateDocument,
} from './index.ts'
import { operators } from './match/operators.ts'
import { request } from './testing/policies.ts'

// Small alphabets, so that statements and requests meet often.
const users: readonly string[] = [
  'arn:sallyport:identity:a::user/al',
  'arn:sallyport:function:a:in:fn',
  'arn:aws:iam::123456789012:role/r',
  'anonymous',
]
const actions = ['s3:Get', 's3:Put', 'S3:get', 'kms:Use']
const actionPatterns = ['s3:Get', 's3:*', 'S3:?et', '*', 'kms:Use', 's3:*t']
const resources = [
  'arn:sallyport:route:a:pub:f/GET /x',
  'arn:sallyport:function:a:in:fn/op',
  'arn:sallyport:admin:a::act',
  'arn:aws:s3:::b/al/x',
  'arn:aws:s3:r:123456789012:b:al',
]
const resourcePatterns = [
  ...resources,
  '*',
  'arn:*',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/${k:one}/*',
  "arn:aws:s3:::b/${k:two, 'al'}/?",
  'arn:aws:s*3:::b/al/x',
  // Would match across the colon between two parts.
  'arn:a*3:r:123456789012:b:al',
  'arn:aws:s3:*:b:al',
  'arn:aws:*3:r:1*:b*',
  'arn:sallyport:*:a:*:f*',
  'arn:sallyport:f*n:a:in:fn/op',
]
const keys = ['k:one', 'K:ONE', 'k:two']
const texts = [
  'al',
  'AL',
  'a*',
  '',
  '5',
  '10',
  '2026-01-01',
  'true',
  '10.1.2.3',
  'AQID',
  'arn:aws:s3:::b',
  '::1',
  'x:y',
]
const operands = {
  string: ['al', 'AL', 'a*', '${k:two}', "${k:two, 'al'}", '${*}', 'a${?}', '5'],
  number: ['5', 10, '-1.5', '10.0'],
  date: ['2026-01-01', '2026-01-01T00:00:00Z', 5, '1970-01-01'],
  boolean: ['true', false, 'False'],
  binary: ['AQID', ''],
  address: ['10.0.0.0/8', '::/0', '10.1.2.3', '::ffff:10.0.0.0/104'],
  arn: ['arn:aws:s3:::*', 'arn:aws:s3:::b', '*', 'arn:*:s3:*:*:?', '${k:two}'],
} as const
const operandsOf = (family: string): readonly (string | number | boolean)[] => {
  if (family === 'null') return operands.boolean
  if (family === 'folded-string' || family === 'pattern') return operands.string
  return Object.entries(operands).find(([name]) => name === family)?.[1] ?? []
}

const listOf = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })

const condition = fc.constantFrom(...operators.values()).chain(({ name, family }) =>
  fc
    .record({
      prefix: family === 'null' ? fc.constant('') : fc.constantFrom('', 'ForAllValues:', 'ForAnyValue:'),
      suffix: family === 'null' ? fc.constant('') : fc.constantFrom('', 'IfExists'),
      key: fc.constantFrom(...keys),
      values: listOf(operandsOf(family)),
    })
    .map(({ prefix, suffix, key, values }) => ({ [`${prefix}${name}${suffix}`]: { [key]: values } })),
)

const scope = fc.record({
  action: fc
    .tuple(fc.boolean(), listOf(actionPatterns))
    .map(([not, list]) => (not ? { NotAction: list } : { Action: list })),
  resource: fc
    .tuple(fc.nat(3), listOf(resourcePatterns))
    .map(([not, list]) => (not === 0 ? { NotResource: list } : { Resource: list })),
  sometimes: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: condition.map((Condition) => ({ Condition })) },
    { weight: 1, arbitrary: fc.tuple(condition, condition).map(([one, two]) => ({ Condition: { ...one, ...two } })) },
  ),
  always: condition,
})

const named = fc.oneof(
  fc.constant('*' as const),
  listOf(users.slice(0, 2)).map((Sallyport) => ({ Sallyport })),
  fc.constantFrom('123456789012', '*', 'arn:aws:iam::123456789012:root').map((AWS) => ({ AWS })),
)

const statement = (effects: readonly Statement['Effect'][]) =>
  fc.tuple(fc.constantFrom(...effects), scope).map(
    // A Deny always has a condition, or hardly anything would ever be allowed.
    ([Effect, { action, resource, sometimes, always }]): Statement =>
      Effect === 'Deny'
        ? { Effect, ...action, ...resource, Condition: always }
        : { Effect, ...action, ...resource, ...sometimes },
  )

const attachedStatement = fc
  .tuple(statement(['Allow', 'Allow', 'Allow', 'Deny']), named, fc.boolean())
  .map(([made, names, not]): Statement =>
    not && made.Effect === 'Deny' ? { ...made, NotPrincipal: names } : { ...made, Principal: names },
  )

const policy = (kind: PolicyKind, made: fc.Arbitrary<Statement>) =>
  fc
    .tuple(fc.constantFrom('2012-10-17', '2012-10-17', '2008-10-17'), fc.array(made, { minLength: 1, maxLength: 3 }))
    .map(([Version, Statement]) => ({ name: 'p', document: { Version, Statement } as const }))
    // Some operands are only valid in the newer Version.
    .filter(({ document }) => validateDocument(document, kind, 'p').ok)

const identityPolicy = policy('identity', statement(['Allow', 'Allow', 'Allow', 'Deny']))

const appPolicies: fc.Arbitrary<AppPolicies> = fc.record({
  guardrails: fc.array(policy('guardrail', statement(['Deny'])), { maxLength: 1 }),
  identity: fc
    .array(fc.tuple(fc.constantFrom(...users.slice(0, 3)), fc.array(identityPolicy, { minLength: 1, maxLength: 2 })), {
      minLength: 3,
      maxLength: 5,
    })
    .map((entries) => new Map(entries)),
  resource: fc
    .array(fc.tuple(fc.constantFrom(...resources), policy('resource', attachedStatement)), {
      minLength: 2,
      maxLength: 5,
    })
    .map((entries) => new Map(entries)),
})

const contextValue = fc.oneof(
  fc.constantFrom<string | number | boolean>(...texts, 5, true),
  fc.array(fc.constantFrom(...texts), { maxLength: 3 }),
)

const accessRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    subject: fc.constantFrom(...users, ...users.slice(0, 3)),
    action: fc.constantFrom(...actions),
    resource: fc.constantFrom(...resources),
    context: fc.record({ 'k:One': contextValue, 'k:two': contextValue }, { requiredKeys: [] }),
  })
  .map(request)

/** What both evaluators must say alike. The matcher library is too slow to be asked this often. */
function said(decision: Decision): string {
  const [reason] = decision.reasons
  const denial = decision.effect === 'deny' ? [decision.explicit, decision.layer] : []
  return [decision.effect, reason?.code, reason?.layer, ...denial].join(' ')
}

test('the indexed evaluator and the one read from the specification always agree', { timeout: 60_000 }, () => {
  const seen = { allow: 0, explicit: 0, implicit: 0 }
  fc.assert(
    fc.property(appPolicies, accessRequest, accessRequest, accessRequest, (policies, first, second, third) => {
      const authority = compilePolicies(policies)
      for (const asked of [[first], [second], [third, first]] as const) {
        const compiled = decide(authority, asked)
        const [ours, naive] = [said(compiled), said(decideNaively(policies, asked))]
        if (ours !== naive) throw new Error(`compiled: ${ours}; naive: ${naive}`)
        if (compiled.effect === 'allow') seen.allow += 1
        else seen[compiled.explicit ? 'explicit' : 'implicit'] += 1
      }
      // The explanation never disagrees with the decision.
      return (nearestMiss(authority, first) === undefined) === (decide(authority, [first]).effect === 'allow')
    }),
    { numRuns: 5000, seed: 20260101 },
  )
  // A generator that only ever makes one answer would prove nothing.
  expect(Math.min(seen.allow, seen.explicit, seen.implicit)).toBeGreaterThan(500)
})
