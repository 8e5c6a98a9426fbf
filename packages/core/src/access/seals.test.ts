import { expect, test } from 'vitest'

import { isGrant, sealGrant } from './grant.ts'
import { isReceipt, sealReceipt } from './receipt.ts'
import { anonymous } from './subject.ts'

const receipt = sealReceipt({ decision: 'd1', leafIndex: 1n, durability: 'synced' })
const asked = { id: 'd1', transaction: 't1', subject: anonymous, action: 'a:B', resource: 'r', context: {}, actors: [] }
const decision = { effect: 'allow', id: 'd1', asked: [asked], reasons: [] } as const
const grant = sealGrant({ decision, receipt, expiresAt: 1, epochs: new Map() })

test('a receipt and a grant are known for what they are, and cannot be changed', () => {
  expect([isReceipt(receipt), isGrant(grant)]).toEqual([true, true])
  expect([Object.isFrozen(receipt), Object.isFrozen(grant)]).toEqual([true, true])
})

test('what only looks like a receipt or a grant is none', () => {
  expect([isReceipt({ ...receipt }), isGrant({ ...grant })]).toEqual([false, false])
})
