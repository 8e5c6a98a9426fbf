import type { DecisionRecord, LedgerRecord, OutcomeRecord } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { type Evidence, judge } from './evidence.ts'
import type { Step } from './steps.ts'

const decision = (id: string, more: Partial<DecisionRecord> = {}): DecisionRecord => ({
  kind: 'decision',
  id,
  at: 10,
  door: 'ingress',
  transaction: 't',
  subject: 'arn:sallyport:identity:checkout::user/alice',
  subjectName: 'alice',
  actors: [],
  effect: 'allow',
  reasons: [{ code: 'policy.allow', layer: 'identity', message: '' }],
  asked: [
    { action: 'sallyport:CallRoute', resource: 'arn:sallyport:route:checkout:public:storefront/GET /orders/:id' },
  ],
  context: {},
  durability: 'written',
  manifest: 'm',
  isolation: 'box',
  ...more,
})
const inner = decision('b', {
  parent: 'a',
  subjectName: 'orders',
  asked: [{ action: 'dynamodb:GetItem', resource: 'arn:aws:dynamodb:eu-central-1:000000000000:table/Orders' }],
})
const done: OutcomeRecord = { kind: 'outcome', at: 20, decision: 'b', transaction: 't', outcome: 'done' }
const evidence = (...records: readonly LedgerRecord[]): Evidence => ({ records, output: [] })
const step = (more: Partial<Step>): Step => ({
  who: 'alice',
  does: 'reads',
  expect: 'allow',
  play: () => Promise.reject(new Error('not played here')),
  ...more,
})
const leadsTo = ['orders dynamodb:GetItem table/Orders']
const played = { id: 'a', status: 200, text: '' }

test('is content when the ledger has the decision and every call that it must have led to', () => {
  expect(
    judge(step({ status: 200, leadsTo }), played, evidence(decision('a'), inner, done), 0).difference,
  ).toBeUndefined()
})

test('wants the decision in the ledger, whatever the caller saw', () => {
  expect(judge(step({}), played, evidence(), 0).difference).toMatch('no decision')
})

test('does not take a record of an earlier run for evidence', () => {
  expect(judge(step({}), played, evidence(decision('a')), 11).difference).toMatch('no decision')
})

test('notices another verdict, another code and another status', () => {
  const denied = decision('a', { effect: 'deny', reasons: [{ code: 'route.country', layer: 'identity', message: '' }] })
  expect(judge(step({}), played, evidence(denied), 0).difference).toMatch('the ledger says deny')
  expect(judge(step({ expect: 'deny', code: 'token.missing' }), played, evidence(denied), 0).difference).toMatch(
    'route.country',
  )
  expect(judge(step({ status: 201 }), played, evidence(decision('a')), 0).difference).toMatch('expected HTTP 201')
})

test('does not count a call that was allowed and never done', () => {
  expect(judge(step({ leadsTo }), played, evidence(decision('a'), inner), 0).difference).toMatch(
    'expected it to lead to',
  )
})
