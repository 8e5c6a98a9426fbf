import { type AccessRequest, contextKeys } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { compilePolicies, decide, nearestMiss, type Statement } from '../index.ts'
import { only, own, policies, request } from '../testing/policies.ts'

const orders = 'arn:sallyport:function:shop:internal:orders'
const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
const refund = 'arn:sallyport:route:shop:public:storefront/POST /orders/:id/refund'
const ada = 'arn:sallyport:identity:shop::user/ada'

const put = (context: AccessRequest['context'], resource = table, action = 'dynamodb:PutItem'): AccessRequest =>
  request({ subject: orders, action, resource, context })

describe('an explanation', () => {
  const opened: Statement = {
    Sid: 'refund',
    Effect: 'Allow',
    Principal: '*',
    Action: 'sallyport:CallRoute',
    Condition: {
      Bool: { [contextKeys.mfa]: 'true' },
      'ForAnyValue:StringEquals': { [contextKeys.elevatedRoles]: 'admin' },
      StringEquals: { [contextKeys.country]: ['CH', 'DE'] },
    },
  }
  const authority = compilePolicies(policies({ resource: { [refund]: [opened] } }))
  const call = (context: AccessRequest['context']): AccessRequest =>
    request({ subject: ada, action: 'sallyport:CallRoute', resource: refund, context })
  const good = { [contextKeys.mfa]: true, [contextKeys.elevatedRoles]: ['admin'], [contextKeys.country]: 'CH' }

  test('is not needed where all holds', () => {
    expect(decide(authority, [call(good)]).effect).toBe('allow')
    expect(nearestMiss(authority, call(good))).toBeUndefined()
  })

  test.for<readonly [Record<string, string | boolean | readonly string[]>, string]>([
    [{ [contextKeys.mfa]: false }, 'aws:MultiFactorAuthPresent is false, not "true"'],
    [{ [contextKeys.elevatedRoles]: ['support'] }, 'sallyport:ElevatedRoles does not hold "admin"'],
    [{ [contextKeys.elevatedRoles]: [] }, 'sallyport:ElevatedRoles does not hold "admin"'],
    [{ [contextKeys.country]: 'US' }, 'sallyport:Country is "US", not one of "CH", "DE"'],
  ])('names the key that failed: %o', ([change, words]) => {
    expect(only(decide(authority, [call({ ...good, ...change })])).message).toBe(
      `${words}, which statement refund demands`,
    )
  })

  test('names every key that failed', () => {
    const { message } = only(decide(authority, [call({})]))
    expect(message).toContain('aws:MultiFactorAuthPresent is absent')
    expect(message).toContain('sallyport:ElevatedRoles does not hold "admin"')
    expect(message).toContain('sallyport:Country is absent')
  })

  test('gives the near miss as data', () => {
    expect(nearestMiss(authority, call({ ...good, [contextKeys.elevatedRoles]: ['support'] }))).toMatchObject({
      layer: 'resource',
      explicit: false,
      policy: 'route',
      rule: 'refund',
      failedElement: 'condition',
      key: 'sallyport:ElevatedRoles',
      operator: 'ForAnyValue:StringEquals',
      wanted: ['admin'],
      got: ['support'],
    })
  })

  test('of an explicit denial names the statement and what held', () => {
    const zones: Statement = {
      Sid: 'zone.restricted',
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringNotEquals: { [contextKeys.sourceZone]: 'internal' } },
    }
    const guarded = compilePolicies(policies({ guardrails: [zones], identity: [{ ...own, Condition: {} }] }))
    const decision = decide(guarded, [put({ [contextKeys.sourceZone]: 'internet' })])
    expect(decision).toMatchObject({ effect: 'deny', explicit: true, layer: 'guardrail' })
    expect(only(decision)).toEqual({
      code: 'policy.explicit_deny',
      layer: 'guardrail',
      rule: 'zone.restricted',
      message:
        'statement zone.restricted denies dynamodb:PutItem because ' +
        'sallyport:SourceZone is "internet" (StringNotEquals "internal")',
    })
    expect(nearestMiss(guarded, put({}))).toMatchObject({
      explicit: true,
      rule: 'zone.restricted',
      key: 'sallyport:SourceZone',
    })
    expect(decide(guarded, [put({ [contextKeys.sourceZone]: 'internal' })]).effect).toBe('allow')
  })

  test('prefers the statement that lacks least', () => {
    const near = compilePolicies(
      policies({
        identity: [
          { Sid: 'far', Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::other' },
          { Sid: 'resource', Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: `${table}2` },
          { Sid: 'action', Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: table },
          own,
        ],
      }),
    )
    expect(nearestMiss(near, put({}))?.rule).toBe('orders-table.put')
    expect(nearestMiss(near, put({}, table, 'dynamodb:DeleteItem'))).toMatchObject({
      rule: 'action',
      failedElement: 'action',
    })
    expect(nearestMiss(near, put({}, `${table}3`))).toMatchObject({ failedElement: 'resource' })
    const nothing = nearestMiss(near, put({}, 'arn:aws:sqs:us-east-1:123456789012:q', 'sqs:SendMessage'))
    expect(nothing?.rule).toBeUndefined()
    expect(nothing?.failedElement).toBe('statement')
  })

  test('says when no policy is attached at all', () => {
    expect(nearestMiss(authority, put({}))).toMatchObject({ failedElement: 'statement', layer: 'identity' })
  })

  test('names both sides of a call that neither allows', () => {
    const operation = 'arn:sallyport:function:shop:restricted:payments/charge'
    const decision = decide(authority, [put({}, operation, 'sallyport:InvokeFunction')])
    expect(decision.reasons.map(({ layer }) => layer)).toEqual(['resource', 'identity'])
  })

  test('keeps line breaks and escape sequences of a caller out of the words', () => {
    const decision = decide(authority, [put({}, 'arn:aws:s3:::a\n\u001b[2J\u202e', 's3:GetObject')])
    expect(only(decision).message).not.toMatch(/[\p{C}]/u)
  })
})
