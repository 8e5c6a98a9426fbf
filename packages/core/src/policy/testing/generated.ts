import type { AccessRequest } from '@sallyport/core/access'
import fc from 'fast-check'

import {
  type AppPolicies,
  operators,
  type PolicyKind,
  type PolicyLayers,
  type Statement,
  validateDocument,
} from '../index.ts'
import { request } from './policies.ts'

const account = '123456789012'
const other = '999999999999'
// Small alphabets, so that statements and requests meet often.
const users: readonly string[] = [
  'arn:sallyport:identity:a::user/al',
  'arn:sallyport:function:a:in:fn',
  'arn:aws:iam::123456789012:role/r',
  'anonymous',
]
const actions = ['s3:Get', 's3:Put', 'S3:get', 'kms:Use']
const actionPatterns = ['s3:Get', 's3:*', 'S3:?et', '*', 'kms:Use', 's3:*t', 'sts:*']
const resources = [
  'arn:sallyport:route:a:pub:f/GET /x',
  'arn:sallyport:function:a:in:fn/op',
  'arn:sallyport:admin:a::act',
  'arn:aws:s3:::b/al/x',
  'arn:aws:s3:r:123456789012:b:al',
]
const resourcePatterns = [
  ...resources,
  `arn:aws:kms:*:${account}:key/*`,
  `arn:aws:iam::${account}:role/al`,
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
  'arn:aws:s3:::*/x',
  'arn:aws:s3:::b/a?/*',
  'arn:aws:s3:::b/${k:one}/x',
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
  'ab',
  '7.5',
  'TRUE',
  'al/x',
  '11.0.0.1',
]
const operands = {
  string: ['al', 'AL', 'a*', '${k:two}', "${k:two, 'al'}", '${*}', 'a${?}', '5'],
  pattern: ['a*', 'A?', '*l', '${k:two}*', '${k:two}', '1*', '${*}', '*'],
  number: ['5', 10, '-1.5', '10.0'],
  date: ['2026-01-01', '2026-01-01T00:00:00Z', 5, '1970-01-01'],
  boolean: ['true', false, 'False'],
  binary: ['AQID', ''],
  address: ['10.0.0.0/8', '::/0', '10.1.2.3', '::ffff:10.0.0.0/104'],
  arn: ['arn:aws:s3:::*', 'arn:aws:s3:::b', '*', 'arn:*:s3:*:*:?', '${k:two}'],
} as const
const operandsOf = (family: string): readonly (string | number | boolean)[] => {
  if (family === 'null') return operands.boolean
  if (family === 'folded-string') return operands.string
  return Object.entries(operands).find(([name]) => name === family)?.[1] ?? []
}

const callers: readonly string[] = [
  `arn:aws:iam::${account}:user/al`,
  `arn:aws:iam::${account}:role/r`,
  `arn:aws:sts::${account}:assumed-role/r/s`,
  `arn:aws:sts::${account}:federated-user/al`,
  `arn:aws:iam::${account}:root`,
  `arn:aws:iam::${other}:user/al`,
  `arn:aws:sts::${other}:assumed-role/r/s`,
  `arn:aws:iam::${account}:saml-provider/p`,
  'lambda.amazonaws.com',
  'anonymous',
  `arn:aws:iam::${account}:role/aws-service-role/s.amazonaws.com/r`,
  `arn:aws:sts::${account}:assumed-role/aws-service-role/s.amazonaws.com/r/s`,
]
const ownedResources = ['arn:aws:s3:::b/al/x', `arn:aws:kms:r:${account}:key/k`, `arn:aws:iam::${account}:role/al`, '*']

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

const namedCallers = fc.oneof(
  fc.constant('*' as const),
  fc
    .uniqueArray(fc.constantFrom(...callers.slice(0, 7), account, other, `arn:aws:iam::${account}:role/path/r`), {
      minLength: 1,
      maxLength: 4,
    })
    .map((AWS) => ({ AWS })),
  fc.constantFrom('lambda.amazonaws.com', '*').map((Service) => ({ Service })),
  fc.constantFrom(`arn:aws:iam::${account}:saml-provider/p`).map((Federated) => ({ Federated })),
)

const ownersStatement = fc
  .tuple(statement(['Allow', 'Allow', 'Allow', 'Deny']), namedCallers, fc.boolean())
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

/** An app's policies, all of them valid. */
export const appPolicies: fc.Arbitrary<AppPolicies> = fc.record({
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

/** A request of one of our own subjects, or of an AWS role. */
export const accessRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    subject: fc.constantFrom(...users, ...users.slice(0, 3)),
    action: fc.constantFrom(...actions),
    resource: fc.constantFrom(...resources),
    context: fc.record({ 'k:One': contextValue, 'k:two': contextValue }, { requiredKeys: [] }),
  })
  .map(request)

const level = (kind: PolicyKind, effects: readonly Statement['Effect'][]) =>
  fc.array(policy(kind, statement(effects)), { maxLength: 2 }).map((policies) => ({ id: 'level', policies }))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const mostlyAllow: readonly Statement['Effect'][] = ['Allow', 'Allow', 'Allow', 'Deny']

/** Every layer of one caller's access, all of them valid; any may be absent. */
export const policyLayers: fc.Arbitrary<PolicyLayers> = fc
  .record({
    guardrails: fc.array(policy('guardrail', statement(['Deny'])), { maxLength: 1 }),
    resourceControl: fc.array(level('resource-control', ['Deny']), { maxLength: 1 }),
    serviceControl: fc.array(level('service-control', mostlyAllow), { maxLength: 1 }),
    endpoint: fc.option(fc.array(policy('endpoint', ownersStatement), { maxLength: 2 }), { nil: undefined, freq: 5 }),
    resource: maybe(policy('resource', ownersStatement)),
    identity: fc.array(identityPolicy, { maxLength: 2 }),
    boundary: maybe(fc.array(policy('boundary', statement(mostlyAllow)), { minLength: 1, maxLength: 2 })),
    session: maybe(fc.array(policy('session', statement(mostlyAllow)), { minLength: 1, maxLength: 2 })),
  })
  .map((layers) => JSON.parse(JSON.stringify(layers)) as PolicyLayers)

/** A request of any kind of AWS principal, within one account or across two. */
export const awsRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    subject: fc.constantFrom(...callers),
    action: fc.constantFrom(...actions, 'sts:AssumeRole', 'sts:GetCallerIdentity'),
    resource: fc.constantFrom(...ownedResources),
    resourceAccount: fc.constantFrom(account, account, account, other),
    context: fc.record({ 'k:One': contextValue, 'k:two': contextValue }, { requiredKeys: [] }),
  })
  .map(request)

const rareDeny: readonly Statement['Effect'][] = [...Array<'Allow'>(12).fill('Allow'), 'Deny']
const many = (kind: PolicyKind, made: fc.Arbitrary<Statement>) =>
  fc
    .array(made, { minLength: 12, maxLength: 48 })
    .map((statements) =>
      statements
        .map((one) => ({ name: 'p', document: { Version: '2012-10-17', Statement: [one] } as const }))
        .filter(({ document }) => validateDocument(document, kind, 'p').ok),
    )

/** So many statements that they are looked up and not asked one by one, in several layers. */
export const manyStatements: fc.Arbitrary<PolicyLayers> = fc
  .record({
    identity: many('identity', statement(rareDeny)),
    boundary: maybe(many('boundary', statement(rareDeny))),
    serviceControl: maybe(many('service-control', statement(rareDeny))),
    resource: maybe(many('resource', ownersStatement)),
  })
  .map(({ identity, boundary, serviceControl, resource }) => ({
    identity,
    ...(boundary === undefined ? {} : { boundary }),
    ...(serviceControl === undefined ? {} : { serviceControl: [{ id: 'level', policies: serviceControl }] }),
    ...(resource === undefined
      ? {}
      : {
          resource: {
            name: 'p',
            document: { Version: '2012-10-17', Statement: resource.flatMap(({ document }) => document.Statement) },
          },
        }),
  }))
