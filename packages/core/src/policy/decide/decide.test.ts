import { type AccessRequest, contextKeys, type Reason } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import {
  type Authority,
  compile,
  compilePolicies,
  decide,
  decideNaively,
  limits,
  type NamedPolicy,
  nearestMiss,
  type Statement,
} from '../index.ts'
import { named, only, own, policies, request } from '../testing/policies.ts'

const orders = 'arn:sallyport:function:shop:internal:orders'
const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'

/** An authority that allows everything to whoever brings this key. */
function needs(key: string): Authority {
  return compilePolicies(
    policies({ identity: [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: { Null: { [key]: 'false' } } }] }),
  )
}

const put = (context: AccessRequest['context'], resource = table, action = 'dynamodb:PutItem'): AccessRequest =>
  request({ subject: orders, action, resource, context })

describe('own rows', () => {
  const authority = compilePolicies(policies({ identity: [own] }))
  const alice = { 'dynamodb:LeadingKeys': ['alice'], [contextKeys.transactionUser]: 'alice' }

  test('are open to their owner', () => {
    expect(decide(authority, [put(alice)])).toMatchObject({
      effect: 'allow',
      reasons: [{ code: 'policy.allow', layer: 'identity', rule: 'orders-table.put' }],
    })
  })

  test.for<readonly [string, AccessRequest['context'], string]>([
    ['of another', { ...alice, 'dynamodb:LeadingKeys': ['bob'] }, 'dynamodb:LeadingKeys'],
    ['of several', { ...alice, 'dynamodb:LeadingKeys': ['alice', 'bob'] }, 'dynamodb:LeadingKeys'],
    ['without a key', { [contextKeys.transactionUser]: 'alice' }, 'dynamodb:LeadingKeys'],
    ['with no keys', { ...alice, 'dynamodb:LeadingKeys': [] }, 'dynamodb:LeadingKeys'],
    ['with an empty key', { ...alice, 'dynamodb:LeadingKeys': [''] }, 'dynamodb:LeadingKeys'],
    ['without a user', { 'dynamodb:LeadingKeys': ['alice'] }, contextKeys.transactionUser],
    ['with a star for a user', { ...alice, [contextKeys.transactionUser]: '*' }, 'dynamodb:LeadingKeys'],
  ])('are closed %s', ([, context, key]) => {
    const decision = decide(authority, [put(context)])
    expect(decision).toMatchObject({ effect: 'deny', explicit: false, layer: 'identity' })
    expect(only(decision)).toMatchObject({ code: 'policy.implicit_deny', rule: 'orders-table.put' })
    expect(nearestMiss(authority, put(context))).toMatchObject({ failedElement: 'condition', key })
  })
})

describe('a batch', () => {
  const authority = compilePolicies(
    policies({ identity: [{ Sid: 'one', Effect: 'Allow', Action: 'dynamodb:*', Resource: table }] }),
  )

  test('is allowed when every item is, with a reason each', () => {
    expect(decide(authority, [put({}), put({}, table, 'dynamodb:GetItem')])).toMatchObject({
      effect: 'allow',
      reasons: [{ rule: 'one' }, { rule: 'one' }],
    })
  })

  test('is denied when one item is not, and names it', () => {
    const asked = [put({}), put({}, `${table}2`), put({})] as const
    const decision = decide(authority, asked)
    expect(decision).toMatchObject({ effect: 'deny', explicit: false, layer: 'identity', id: asked[0].id, asked })
    expect(only(decision).message).toContain(`dynamodb:PutItem on ${table}2: `)
  })
})

describe('a request', () => {
  const everything: Statement = { Sid: 'all', Effect: 'Allow', Action: '*', Resource: '*' }
  const authority = compilePolicies(policies({ identity: [everything] }))

  test('with a refusal is denied with that reason, whatever the policies allow', () => {
    const refusal: Reason = { code: 'door.unlisted', layer: 'door', message: 'no such door' }
    expect(decide(authority, [put({})]).effect).toBe('allow')
    expect(decide(authority, [{ ...put({}), refusal }])).toMatchObject({
      effect: 'deny',
      explicit: false,
      layer: 'door',
      reasons: [refusal],
    })
    expect(nearestMiss(needs('a:b'), put({}))).toMatchObject({ key: 'a:b' })
    expect(nearestMiss(needs('a:b'), { ...put({}), refusal })).toBeUndefined()
  })

  test.for<readonly [string, AccessRequest]>([
    ['a resource that is too long', put({}, `arn:aws:s3:::${'a'.repeat(limits.resourceLength)}`)],
    [
      'too many context keys',
      put(Object.fromEntries(Array.from({ length: limits.contextKeys + 1 }, (_, index) => [`a:${index}`, 'x']))),
    ],
    ['an action that is too long', put({}, table, `dynamodb:${'a'.repeat(limits.actionLength)}`)],
    ['an action without service', put({}, table, 'PutItem')],
    ['a control character in its action', put({}, table, 'dynamodb:Put\nItem')],
    ['one key in two spellings', put({ 'a:b': '1', 'A:b': '2' })],
    ['a context value of another type', put(JSON.parse('{"a:b":{"c":1}}'))],
    ['a list with another type in it', put(JSON.parse('{"a:b":[1]}'))],
  ])('is denied as malformed for %s', ([, asked]) => {
    expect(decide(authority, [asked])).toMatchObject({
      effect: 'deny',
      reasons: [{ code: 'policy.malformed_request' }],
    })
  })

  test('for what ends in its account is for a resource of nobody’s', () => {
    const user = 'arn:aws:iam::123456789012:user/alice'
    const set = compile({ identity: [named('i', [everything])] })
    const effect = (resource: string): string =>
      decide(set, [request({ subject: user, action: 's3:GetObject', resource })]).effect
    expect(effect('arn:aws:s3::123456789012:shop')).toBe('allow')
    for (const resource of ['arn:aws:s3::123456789012', 'arn:aws:s3::1234567890123']) {
      expect(effect(resource), resource).toBe('deny')
    }
  })

  test('may have keys named like what every object has', () => {
    const context: AccessRequest['context'] = JSON.parse('{"__proto__":"x","constructor":"y","a:b":"z"}')
    expect(decide(needs('a:b'), [put(context)]).effect).toBe('allow')
    expect(decide(needs('a:toString'), [put(context)]).effect).toBe('deny')
    expect(decide(needs('a:b'), [put({})]).effect).toBe('deny')
  })

  test('may not hold an empty text where a key is demanded, alone or in a list', () => {
    expect(decide(needs('a:b'), [put({ 'a:b': 'x' })]).effect).toBe('allow')
    expect(decide(needs('a:b'), [put({ 'a:b': '' })]).effect).toBe('deny')
    expect(decide(needs('a:b'), [put({ 'a:b': ['', ''] })]).effect).toBe('deny')
  })

  test('is never allowed because the engine failed', () => {
    const hostile = {
      ...put({}),
      get resource(): string {
        throw new Error('boom')
      },
    }
    const cases: readonly unknown[] = [[hostile], [], null, undefined, [null], [{}]]
    for (const asked of cases) {
      expect(Reflect.apply(decide, undefined, [authority, asked])).toMatchObject({
        effect: 'deny',
        reasons: [{ code: 'policy.error' }],
      })
    }
    expect(decideNaively(policies({}), [hostile])).toMatchObject({ effect: 'deny' })
  })
})

test('policies that are not valid are refused whole, and not skipped', () => {
  const unknown = policies({
    guardrails: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringIsNot: { 'a:b': 'x' } } }],
    identity: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  })
  expect(() => compilePolicies(unknown)).toThrow(expect.objectContaining({ code: 'policy.invalid' }))
})

function one(Effect: Statement['Effect'], Action: string): readonly NamedPolicy[] {
  return [named('p', [{ Sid: Action, Effect, Action, Resource: '*' }])]
}

test('service control is asked level by level, and each must allow', () => {
  const stack = (account: string) =>
    decide(
      compile({
        serviceControl: [
          { id: 'root', policies: one('Allow', '*') },
          { id: 'account', policies: one('Allow', account) },
        ],
        identity: one('Allow', '*'),
        boundary: one('Allow', 'dynamodb:*'),
      }),
      [put({})],
    )
  expect(stack('*').effect).toBe('allow')
  expect(stack('s3:*')).toMatchObject({ effect: 'deny', layer: 'service-control', explicit: false })
})

test('the reasons of a denial are worked out when they are read, and only once', () => {
  const denied = decide(compile({ identity: one('Allow', 's3:*') }), [put({})])
  expect(denied.reasons).toBe(denied.reasons)
  expect(JSON.parse(JSON.stringify(denied))).toMatchObject({ reasons: [{ code: 'policy.implicit_deny' }] })
})
