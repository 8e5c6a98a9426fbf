import { expect, test } from 'vitest'

import { accessDiff } from '../../access/access-diff.ts'
import { accessOf } from '../../access/access-of.ts'
import type { App } from '../../app.ts'
import { edited, exampleText, faultsOf, mustLoad } from '../../testing/example.ts'

const stripeOps = 'ops: { charge: POST /v1/payment_intents, refund: POST /v1/refunds }'
const bare = exampleText.slice(0, exampleText.indexOf('only:  '))
const plain = '${STRIPE_UPSTREAM:-http://127.0.0.1:8481}'
const secure = edited(plain, 'https://10.0.0.1', bare)
const withPeer = (peer: string): string => `${stripeOps}\n    peer: ${peer}`
const of = (peer: string): App => mustLoad(edited(stripeOps, withPeer(peer), secure)).app

test('a peer is a workload of a trust domain that somebody vouches for', () => {
  expect(of('spiffe://checkout/gateway').doors.find(({ name }) => name === 'stripe')?.peer).toBe(
    'spiffe://checkout/gateway',
  )
  const code = (peer: string): string | undefined => faultsOf(edited(stripeOps, withPeer(peer), secure))[0]?.code
  expect(code('spiffe://bank/gateway')).toBe('manifest.unresolved_name')
  expect(code('spiffe://checkout')).toBe('manifest.wrong_type')
  expect(code('checkout')).toBe('manifest.wrong_type')
})

test('a peer is part of what a door is: another one may be a wider door', () => {
  const { broadens } = accessDiff(of('spiffe://checkout/a'), of('spiffe://checkout/b'))
  expect(broadens).toBe(true)
  expect(
    accessOf(of('spiffe://checkout/a')).some((line) => line.endsWith('where spiffe://checkout/a must answer')),
  ).toBe(true)
})

test('a peer proves nothing over plain HTTP', () => {
  const faults = faultsOf(edited(stripeOps, withPeer('spiffe://checkout/gateway'), bare))
  expect(faults).toMatchObject([{ code: 'manifest.unsupported', suggestion: 'give an https upstream' }])
})
