import type { AccessRequest, Context, Decision, DecisionRecord } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { decisionRecord } from './decision-record.ts'

const ask = (context: Context): AccessRequest => ({
  id: '1',
  transaction: '2',
  subject: { kind: 'function', id: 'arn:sallyport:function:a:in:f', name: 'f', roles: [] },
  action: 'dynamodb:PutItem',
  resource: 'arn:aws:dynamodb:us-east-1:123456789012:table/T',
  context,
  actors: [],
})
function askedIn(...contexts: readonly [Context, ...Context[]]): DecisionRecord['asked'] {
  const [first, ...others] = contexts
  const decision: Decision = { effect: 'allow', id: '1', asked: [ask(first), ...others.map(ask)], reasons: [] }
  const circumstances = { door: 'egress', at: 0, durability: 'synced', manifest: '', isolation: '' } as const
  return decisionRecord(decision, circumstances).asked
}

test('of a batch, every request keeps the facts that are not those of the first', () => {
  const facts = { 'dynamodb:LeadingKeys': ['alice'], 'aws:SourceIp': '10.0.0.1' }
  const [one, same, other, less] = askedIn(
    facts,
    { ...facts, 'dynamodb:LeadingKeys': ['alice'] },
    { ...facts, 'dynamodb:LeadingKeys': ['bob'], 'sallyport:Guest/g': 'deny' },
    { 'aws:SourceIp': '10.0.0.1' },
  )
  expect(one).not.toHaveProperty('facts')
  expect(same).not.toHaveProperty('facts')
  expect(other).toMatchObject({ facts: { 'dynamodb:LeadingKeys': ['bob'], 'sallyport:Guest/g': 'deny' } })
  expect(less).toMatchObject({ facts: { 'dynamodb:LeadingKeys': null } })
  expect(less?.facts).not.toHaveProperty('aws:SourceIp')
})

test('a batch of many facts still fits into a record, and says what it left out', () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ 'dynamodb:LeadingKeys': [`${index}`.padEnd(1000)] }))
  const asked = askedIn({ 'dynamodb:LeadingKeys': [] }, ...many)
  expect(JSON.stringify(asked).length).toBeLessThan(40_000)
  expect(asked.some(({ facts }) => facts !== undefined)).toBe(true)
  expect(asked.at(-1)).toMatchObject({ factsOmitted: true })
})
