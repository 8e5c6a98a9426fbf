import { contextKeys, type DecisionRecord } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { showTransaction } from './show-transaction.ts'
import { decision } from './testing.ts'
import type { Hop } from './transaction.ts'

const plain = (text: string): string => text
const paint = { good: plain, bad: plain, faint: plain, strong: plain }

function shown(fields: Partial<DecisionRecord>, more: Partial<Hop> = {}): readonly string[] {
  const hop: Hop = { decision: decision({ id: 'd-1', ...fields }), caused: [], ...more }
  return showTransaction({ id: 't-1', hops: [hop] }, undefined, paint)
    .split('\n')
    .slice(1)
}

test('what is left out is not told', () => {
  expect(shown({ reasons: [{ code: 'policy.allow', layer: 'resource', message: 'may' }] })).toEqual([
    '  allow alice -> CallRoute storefront/POST /checkout  ingress  d-1',
    '    policy.allow: may',
    '    outcome not recorded (yet)',
  ])
  expect(showTransaction({ id: 't-1', hops: [] }, undefined, paint)).toBe('transaction t-1')
})

test('where a call went, how it ended, and where a function says why, is told', () => {
  const lines = shown(
    { upstream: { host: 'api.example.com', tls: 'TLSv1.3' } },
    {
      outcome: {
        kind: 'outcome',
        at: 0,
        decision: 'd-1',
        transaction: 't-1',
        outcome: 'failed',
        status: 502,
        durationMs: 7.4,
        tls: 'TLSv1.3',
        detail: 'function.crashed',
      },
    },
  )
  expect(lines.slice(2)).toEqual([
    '    upstream api.example.com, TLSv1.3',
    '    outcome failed, status 502, 7 ms, TLSv1.3, function.crashed',
    '    what it wrote: sallyport logs storefront',
  ])
})

test('what each guest said of each request of a batch is told, and of which it said nothing', () => {
  const of = (key: string, name: string): string => `${key}/${name}`
  const context = {
    [of(contextKeys.guest, 'curfew')]: 'allow',
    [of(contextKeys.guestLatencyMs, 'curfew')]: 1.5,
    [of(contextKeys.guestFault, 'team')]: 'guest.late',
    [of(contextKeys.guestDetail, 'team')]: 'no answer within 50 ms',
    [of(contextKeys.guestLatencyMs, 'team')]: 50,
  }
  const asked = { action: 'dynamodb:GetItem', resource: 'arn:aws:dynamodb:eu-central-1:1:table/Orders' }
  // Of the second request nobody asked the one guest.
  const unasked = { [of(contextKeys.guest, 'curfew')]: null, [of(contextKeys.guestLatencyMs, 'curfew')]: null }
  const curfew = '    guest curfew: allow (1.5 ms)'
  const team = '    guest team: no verdict, guest.late: no answer within 50 ms (50 ms)'
  const guests = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.includes(' guest '))
  expect(guests(shown({ context, asked: [asked] }))).toEqual([curfew, team])
  expect(guests(shown({ context, asked: [{ ...asked, facts: unasked }] }))).toEqual([team])
})
