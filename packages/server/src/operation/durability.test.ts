import type { AccessRequest, Allow, Decision, Deny } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { durabilityOf } from './durability.ts'

const asked = (action: string): AccessRequest => ({ action }) as AccessRequest
const allowed = (...actions: readonly [string, ...string[]]): Decision =>
  ({ effect: 'allow', asked: actions.map(asked) }) as unknown as Allow

const reads = ['GetItem', 'BatchGetItem', 'Query', 'Scan'].map((name) => `dynamodb:${name}`)

test.each([...reads, 'sallyport:CallRoute', 'sallyport:InvokeFunction'])(
  '%s may be forgotten in a power cut',
  (action) => {
    expect(durabilityOf(allowed(action))).toBe('written')
  },
)

test.each([
  'dynamodb:PutItem',
  'dynamodb:QueryAndDelete',
  'other:dynamodb:Scan',
  'sallyport:UseDoor',
  'sallyport:SetSecret',
  'sallyport:ApproveElevation',
])('%s may not', (action) => {
  expect(durabilityOf(allowed(action))).toBe('synced')
})

test('one write among reads is a write', () => {
  expect(durabilityOf(allowed('dynamodb:GetItem', 'dynamodb:PutItem'))).toBe('synced')
})

test('a refusal has no effect that could outlive it', () => {
  expect(durabilityOf({ effect: 'deny', asked: [asked('dynamodb:PutItem')] } as unknown as Deny)).toBe('written')
})
