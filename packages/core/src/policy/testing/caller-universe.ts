import type { AccessRequest } from '@sallyport/core/access'
import fc from 'fast-check'

import { compile, type PolicySet } from '../decide/policy-set.ts'
import type { NamedPolicy, Principal, Statement } from '../document.ts'
import type { PolicyKind } from '../fault.ts'
import { validateDocument } from '../read/parse-policy.ts'
import { request } from './policies.ts'

const account = '123456789012'
const other = '999999999999'
const iam = `arn:aws:iam::${account}`
const sts = `arn:aws:sts::${account}`

const callers = [
  `${iam}:user/al`,
  `${iam}:user/team/al`,
  `${iam}:role/r`,
  `${iam}:role/path/r`,
  `${sts}:assumed-role/r/s`,
  `${sts}:assumed-role/r/t`,
  `${sts}:federated-user/al`,
  `${iam}:root`,
  `arn:aws:iam::${other}:role/r`,
  `arn:aws:iam::${other}:root`,
  `${iam}:saml-provider/p`,
  'lambda.amazonaws.com',
  'accounts.google.com',
  'anonymous',
  'somebody',
  `${iam}:role/aws-service-role/s.amazonaws.com/r`,
  `${sts}:assumed-role/aws-service-role/s.amazonaws.com/r/s`,
  'arn:sallyport:function:a:in:fn',
  'arn:sallyport:identity:a::user/al',
]
const actions = ['s3:Get', 'kms:Use', 'sts:AssumeRole', 'sts:GetCallerIdentity']
const resources = [
  'arn:aws:s3:::b',
  `arn:aws:s3:r:${account}:b`,
  `arn:aws:kms:r:${account}:key/k`,
  `arn:aws:iam::${account}:role/r`,
  'arn:sallyport:route:a:pub:f/GET /x',
  'arn:sallyport:function:a:in:fn/op',
  'arn:sallyport:admin:a::act',
]

/** A request by every kind of caller, on every kind of resource, that its own account or another owns. */
export const everyCaller: readonly AccessRequest[] = callers.flatMap((subject) =>
  actions.flatMap((action) =>
    resources.flatMap((resource) =>
      [undefined, account, other].flatMap((resourceAccount) =>
        [{}, { 'k:a': 'x' }].map((context) => request({ subject, action, resource, resourceAccount, context })),
      ),
    ),
  ),
)

const some = <T>(from: readonly T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 2 })

const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.constant('*' as const),
  fc
    .uniqueArray(
      fc.constantFrom(...callers.slice(0, 9), account, other, '*', `${iam}:role/aws-service-role/s.amazonaws.com/r`),
      { minLength: 1, maxLength: 4 },
    )
    .map((AWS) => ({ AWS })),
  some(['lambda.amazonaws.com', '*']).map((Service) => ({ Service })),
  some([`${iam}:saml-provider/p`, 'accounts.google.com', '*']).map((Federated) => ({ Federated })),
  some(['arn:sallyport:function:a:in:fn', '*']).map((Sallyport) => ({ Sallyport })),
)

const statement = (kind: PolicyKind): fc.Arbitrary<Statement> =>
  fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const),
      action: fc.oneof(
        fc.constantFrom('*', '*', 's3:*', 'kms:*', 'sts:*', 'sts:AssumeRole').map((Action) => ({ Action })),
        fc.constantFrom('s3:Get', 'kms:*').map((NotAction) => ({ NotAction })),
      ),
      resource: fc.oneof(
        fc
          .constantFrom('*', '*', ...resources, 'arn:sallyport:*', `arn:aws:*:*:${account}:*`)
          .map((Resource) => ({ Resource })),
        some([...resources, 'arn:aws:s3:::*']).map((NotResource) => ({ NotResource })),
      ),
      who: fc.tuple(fc.boolean(), principal),
      Condition: fc.constantFrom(undefined, undefined, { StringEquals: { 'k:a': 'x' } }, { Null: { 'k:a': 'true' } }),
    })
    .map(({ Effect, action, resource, who: [not, named], Condition }) => ({
      Effect,
      ...action,
      ...resource,
      ...(kind !== 'resource' && kind !== 'endpoint'
        ? {}
        : not && Effect === 'Deny'
          ? { NotPrincipal: named }
          : { Principal: named }),
      ...(Condition === undefined ? {} : { Condition }),
    }))

const policy = (kind: PolicyKind, effect?: Statement['Effect']): fc.Arbitrary<NamedPolicy> =>
  fc
    .array(statement(kind), { minLength: 1, maxLength: 2 })
    .map((made) => made.map((one) => (effect === undefined ? one : { ...one, Effect: effect })))
    .map((Statement) => ({ name: 'p', document: { Version: '2012-10-17', Statement } as const }))
    .filter(({ document }) => validateDocument(document, kind, 'p').ok)

/** Each ceiling is there seldom, or hardly anything would be allowed by all. */
const seldom = <T>(made: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: made })
const few = (kind: PolicyKind): fc.Arbitrary<NamedPolicy[]> => fc.array(policy(kind), { minLength: 1, maxLength: 2 })
const levels = (kind: PolicyKind, effect?: Statement['Effect']) =>
  seldom(
    fc.array(
      fc.array(policy(kind, effect), { minLength: 1, maxLength: 2 }).map((policies) => ({ id: 'level', policies })),
      { minLength: 1, maxLength: 2 },
    ),
  ).map((found = []) => found)

/** Every layer there is, of few statements. */
export const callerSets: fc.Arbitrary<PolicySet> = fc
  .record({
    guardrails: seldom(fc.array(policy('guardrail', 'Deny'), { maxLength: 1 })),
    resourceControl: levels('resource-control', 'Deny'),
    serviceControl: levels('service-control'),
    endpoint: seldom(few('endpoint')),
    resource: fc.option(policy('resource'), { nil: undefined, freq: 3 }),
    identity: few('identity'),
    boundary: seldom(few('boundary')),
    session: seldom(few('session')),
  })
  .map(({ guardrails = [], endpoint, resource, boundary, session, ...rest }) =>
    compile({
      ...rest,
      guardrails,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(resource === undefined ? {} : { resource }),
      ...(boundary === undefined ? {} : { boundary }),
      ...(session === undefined ? {} : { session }),
    }),
  )
