import { anonymous, type Subject } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { addTransactionFacts, principalFacts } from './facts.ts'

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const moment = { 'aws:CurrentTime': '2026-01-02T03:04:05.678Z', 'aws:EpochTime': 1767323045 }

test('the moment and who asks are facts at every door', () => {
  const id = 'arn:sallyport:function:shop:inner:orders'
  const orders: Subject = { kind: 'function', id, name: 'orders', roles: [] }
  expect(principalFacts(orders, nowMs)).toEqual({ ...moment, 'aws:PrincipalArn': id, 'aws:PrincipalType': 'Function' })
  expect(principalFacts(anonymous, nowMs)).toEqual({
    ...moment,
    'aws:PrincipalArn': 'anonymous',
    'aws:PrincipalType': 'Anonymous',
  })
})

test('nobody behind a transaction has no facts at all, so that `own` denies', () => {
  const none = {}
  addTransactionFacts(none, undefined, ['admin'])
  expect(none).toEqual({})
  const ann: Subject = { kind: 'user', id: 'arn:sallyport:identity:shop::user/ann', name: 'ann', roles: ['clerk'] }
  const facts = { kept: 'as it was' }
  addTransactionFacts(facts, ann, [])
  expect(facts).toEqual({
    kept: 'as it was',
    'sallyport:TransactionUser': 'ann',
    'sallyport:TransactionRoles': ['clerk'],
    'sallyport:TransactionElevatedRoles': [],
    'sallyport:TransactionMfa': false,
  })
})
