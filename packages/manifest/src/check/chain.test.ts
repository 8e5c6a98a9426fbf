import { describe, expect, it } from 'vitest'

import { edited, exampleText, mustLoad } from '../testing/example.ts'
import { chainTo } from './chain.ts'
import { targetsOf } from './reach.ts'
import { whoCould } from './who.ts'

/** The example without its own statements: what is tried here would break them. */
const bare = exampleText.slice(0, exampleText.indexOf('\nonly:') + 1)
const opened = (text = bare) => mustLoad(text)

function way(subject: string, object: string, text = bare): readonly string[] | string {
  const { app, compiled } = opened(text)
  const chain = chainTo(compiled, app, subject, object)
  return chain.kind === 'reached' ? chain.hops.map(({ from, to }) => `${from} -> ${to}`) : chain.kind
}

describe('a chain of calls', () => {
  it('leads a customer to the payments, and each hop names its line', () => {
    expect(way('customer', 'payments')).toEqual([
      'customer -> POST /checkout',
      'storefront -> orders.create',
      'orders -> payments.charge',
    ])
    const { app, compiled } = opened()
    const chain = chainTo(compiled, app, 'customer', 'stripe.charge')
    expect(chain.kind === 'reached' && chain.hops.every(({ at }) => at?.file === 'sallyport.yaml')).toBe(true)
  })

  it('carries the person along: a refund needs an admin at its start', () => {
    expect(way('customer', 'stripe.refund')).toBe('never')
    expect(way('admin', 'stripe.refund')).toContain('payments -> stripe.refund')
  })

  it('begins nowhere for a stranger, until a route is opened to anyone', () => {
    expect(way('internet', 'payments')).toBe('never')
    const wider = edited('POST /checkout: { who: [customer]', 'POST /checkout: { who: [anyone]', bare)
    expect(way('internet', 'payments', wider)).toHaveLength(3)
    // On behalf of nobody there are no rows of one's own.
    expect(way('internet', 'orders-table', wider)).toBe('never')
  })

  it('starts at a function or a zone as well', () => {
    expect(way('orders', 'email.send')).toEqual(['orders -> notifications.receipt', 'notifications -> email.send'])
    expect(way('restricted', 'email.send')).toBe('never')
    expect(way('notifications', 'stripe')).toBe('never')
  })

  it('is not ruled out where that cannot be proved', { timeout: 60_000 }, () => {
    const withPolicy = edited('can: { email: [send] }', 'can: { email: [send] }\n    policies: [p.json]', bare)
    const kindWith = (words: readonly string[]): string => {
      const Condition = { StringLike: { 'k:a': words }, StringNotLike: { 'k:a': words.toReversed() } }
      const Resource = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
      const Statement = { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource, Condition }
      const { app, compiled } = mustLoad(withPolicy, {
        'p.json': JSON.stringify({ Version: '2012-10-17', Statement }),
      })
      return chainTo(compiled, app, 'notifications', 'orders-table').kind
    }
    expect(kindWith(['*a*'])).toBe('never')
    expect(kindWith(Array.from({ length: 40 }, (_, index) => `*${String.fromCodePoint(0x4e00 + index)}*`))).toBe(
      'unknown',
    )
  })

  it('says so when a name stands for nothing', () => {
    expect(way('nobody', 'payments')).toBe('unresolved')
    expect(way('customer', 'payment')).toBe('unresolved')
  })
})

describe('who could ever', () => {
  const could = (object: string, text = bare): readonly string[] => {
    const { app, compiled } = opened(text)
    return (targetsOf(app, object) ?? [])
      .flatMap((target) => whoCould(compiled, app, target))
      .map(({ who, facts }) => who + facts)
  }

  it('lists roles and functions with the least that has to be true', () => {
    expect(could('payments.charge')).toEqual(['orders'])
    expect(could('GET /orders/o1')).toEqual([
      'customer with sallyport:Country "CH"',
      'support with aws:MultiFactorAuthPresent true, sallyport:DeviceManaged true',
    ])
  })

  it('lists nobody where nobody ever can', () => {
    expect(could('payments.charge', edited('payments: { charge: any, refund', 'payments: { refund', bare))).toEqual([])
  })
})
