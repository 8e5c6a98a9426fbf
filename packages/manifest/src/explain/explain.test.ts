import { anonymous, type AccessRequest, contextKeys, type Decision, type Deny } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { describe, expect, it } from 'vitest'

import type { App } from '../app.ts'
import { accessDiff } from '../access/access-diff.ts'
import { allowInManifest } from '../access/allow-in-manifest.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import { administrationRequest } from '../testing/administration.ts'
import { exampleText, mustLoad } from '../testing/example.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { explain } from './explain.ts'

/** The example without its own statements: what `only` and `expect` forbid has no fix, and is tested apart. */
const loaded = mustLoad(exampleText.slice(0, exampleText.indexOf('\nonly:') + 1))
const stated = mustLoad()

function answer(
  subject: string,
  object: string,
  { app, compiled }: { readonly app: App; readonly compiled: CompiledApp } = loaded,
): Decision {
  const ask = describeAsk(app, subject, object)
  if (ask.kind === 'unknown' || ask.asks[0] === undefined) throw new Error(`nothing to ask: ${subject} -> ${object}`)
  return explain(decide(compiled.authority, [ask.asks[0]]), compiled, app)
}

function denial(subject: string, object: string, from = loaded): Deny['reasons'][0] {
  const decision = answer(subject, object, from)
  if (decision.effect !== 'deny') throw new Error(`${subject} -> ${object} is allowed`)
  return decision.reasons[0]
}

const denials: readonly (readonly [string, string, string, string | undefined])[] = [
  ['customer@US', 'POST /checkout', 'route.country', "sallyport allow customer@US 'POST /checkout'"],
  ['customer', 'POST /orders/o1/refund', 'route.role_missing', "sallyport allow customer 'POST /orders/:id/refund'"],
  ['support+device', 'GET /orders/o1', 'route.mfa_required', undefined],
  ['support+mfa', 'GET /orders/o1', 'route.device_unmanaged', undefined],
  [
    'admin+mfa+device',
    'POST /orders/o1/refund',
    'route.elevation_required',
    "sallyport request admin --as ada --reason 'for POST /orders/:id/refund'",
  ],
  ['anyone', 'POST /checkout', 'route.authentication_required', undefined],
  [
    'payments',
    'GET https://api.stripe.com/v1/balance',
    'door.unlisted',
    "sallyport allow payments 'stripe.balance=GET /v1/balance'",
  ],
  [
    'payments',
    'POST https://evil.example/',
    'door.unlisted',
    "sallyport allow payments 'evil.post=POST https://evil.example/'",
  ],
  ['payments', 'POST http://169.254.169.254/latest', 'door.unlisted', undefined],
  ['orders', 'stripe.charge', 'door.not_granted', 'sallyport allow orders stripe.charge'],
  ['payments', 'stripe.refund', 'door.not_granted_for', undefined],
  ['payments for customer+mfa', 'stripe.refund', 'door.not_granted_for', undefined],
  ['payments for admin+jit', 'stripe.refund', 'door.not_granted_for', undefined],
  [
    'payments for admin+mfa',
    'stripe.refund',
    'door.not_granted_for',
    "sallyport request admin --as ada --reason 'for stripe.refund'",
  ],
  ['storefront for customer', 'orders.refund', 'function.not_granted_for', undefined],
  [
    'orders for customer+admin+mfa',
    'payments.refund',
    'function.not_granted_for',
    "sallyport request admin --as ada --reason 'for payments.refund'",
  ],
  ['notifications', 'payments.charge', 'function.not_granted', 'sallyport allow notifications payments.charge'],
  ['storefront', 'payments.charge', 'zone.closed', 'sallyport allow public restricted'],
  ['internet', 'payments.charge', 'zone.closed', undefined],
  ['payments', 'orders-table.update(total)', 'table.column', "sallyport allow payments 'orders-table.update(total)'"],
  ['payments', 'orders-table.get', 'table.not_granted', "sallyport allow payments 'orders-table.get(own)'"],
  ['notifications', 'orders-table.scan', 'table.not_granted', "sallyport allow notifications 'orders-table.scan(any)'"],
  ['orders', 'orders-table.get(any)', 'table.not_own_row', undefined],
]

describe('a refusal', () => {
  it('says in a code what was missing, and in one line how to allow it', () => {
    for (const [subject, object, code, fix] of denials) {
      const reason = denial(subject, object)
      expect({ code: reason.code, fix: reason.fix }, `${subject} -> ${object}`).toEqual({ code, fix })
    }
  })

  it('names the line that would have matched', () => {
    const line = (passage: string): number => exampleText.slice(0, exampleText.indexOf(passage)).split('\n').length
    expect(denial('customer@US', 'POST /checkout').at).toBe(`sallyport.yaml:${line('  customer: {') + 0}:3`)
    expect(denial('customer', 'POST /orders/o1/refund').at).toBe(
      `sallyport.yaml:${line('      POST /orders/:id/refund')}:7`,
    )
    expect(denial('payments', 'orders-table.update(total)').at).toBe(`sallyport.yaml:${line('        update: {')}:9`)
    const refund = `sallyport.yaml:${line('      stripe: { charge')}:30`
    expect(denial('payments for customer', 'stripe.refund')).toMatchObject({
      at: refund,
      message: 'payments may use stripe.refund only for admin, with two factors and elevated',
    })
    expect(denial('storefront', 'payments.charge').at).toBe(`sallyport.yaml:${line('  restricted: {')}:3`)
  })

  it('never changes what was decided', () => {
    for (const [subject, object] of denials) {
      const ask = describeAsk(loaded.app, subject, object)
      if (ask.kind === 'unknown') throw new Error(ask.message)
      const [first] = ask.asks
      if (first === undefined) throw new Error('nothing asked')
      const decision = decide(loaded.compiled.authority, [first])
      const told = explain(decision, loaded.compiled, loaded.app)
      expect({ ...told, reasons: [] }).toEqual({ ...decision, reasons: [] })
      expect(told.reasons).toHaveLength(decision.reasons.length)
    }
  })

  it('of a credential names what was wrong with the credential', () => {
    const ask = describeAsk(loaded.app, 'anyone', 'POST /checkout')
    if (ask.kind === 'unknown' || ask.asks[0] === undefined) throw new Error('nothing asked')
    const request: AccessRequest = {
      ...ask.asks[0],
      subject: { ...anonymous, refused: { code: 'token.expired', message: 'the token has expired' } },
    }
    expect(explain(decide(loaded.compiled.authority, [request]), loaded.compiled, loaded.app).reasons[0]?.code).toBe(
      'token.expired',
    )
  })

  it('of a device that was shown and does not count tells why it does not', () => {
    const ask = describeAsk(loaded.app, 'support+mfa', 'GET /orders/o1')
    if (ask.kind === 'unknown' || ask.asks[0] === undefined) throw new Error('nothing asked')
    const context = { ...ask.asks[0].context, [contextKeys.deviceFault]: 'device.certificate_expired' }
    const decision = decide(loaded.compiled.authority, [{ ...ask.asks[0], context }])
    expect(explain(decision, loaded.compiled, loaded.app).reasons[0]).toMatchObject({
      code: 'route.device_unmanaged',
      message: expect.stringContaining('(device.certificate_expired)'),
    })
    expect(denial('support+mfa', 'GET /orders/o1').message).not.toContain('the one shown')
  })

  it('offers nothing to paste that a request could have written as shell', () => {
    for (const path of ['/$(id)', '/`id`', "/a'b", '/a;b', '/a&b', '/:x', '/a|b']) {
      const ask = describeAsk(loaded.app, 'payments', `POST https://evil.example${path}`)
      if (ask.kind === 'unknown' || ask.asks[0] === undefined) continue
      const fix = explain(decide(loaded.compiled.authority, [ask.asks[0]]), loaded.compiled, loaded.app).reasons[0]?.fix
      expect(fix, path).toBeUndefined()
    }
  })

  it('of a batch is told of the request that failed', () => {
    const asks = ['orders-table.get', 'orders-table.delete'].flatMap((object) => {
      const ask = describeAsk(loaded.app, 'orders', object)
      return ask.kind === 'asks' ? ask.asks : []
    })
    const [first, second] = asks
    if (first === undefined || second === undefined) throw new Error('nothing asked')
    expect(
      explain(decide(loaded.compiled.authority, [first, second]), loaded.compiled, loaded.app).reasons[0],
    ).toMatchObject({ code: 'table.not_granted', fix: "sallyport allow orders 'orders-table.delete(own)'" })
  })
})

describe('a fix', () => {
  const bare = exampleText.slice(0, exampleText.indexOf('only:  '))

  it('works when it is pasted: what was refused is then allowed, and nothing is lost', () => {
    for (const [subject, object, , fix] of denials) {
      if (fix?.startsWith('sallyport allow') !== true) continue
      const before = mustLoad(bare)
      const [, , who = '', what = ''] = words(fix)
      const edit = allowInManifest(bare, who, what, before.app)
      if (!edit.ok) throw new Error(`${fix}: ${edit.message}`)
      expect(edit.lines.length, fix).toBeGreaterThan(0)
      const after = mustLoad(edit.text)
      const diff = accessDiff(before.app, after.app)
      expect(diff.broadens, fix).toBe(true)
      expect(
        diff.lines.some((line) => line.includes('no longer')),
        fix,
      ).toBe(false)
      const told = answer(subject, object, after)
      // Some refusals have two causes, and the fix of the first lays bare the second: never the same again.
      if (told.effect === 'deny') expect(told.reasons[0].code, fix).not.toBe(denial(subject, object).code)
      else expect(told.effect).toBe('allow')
    }
  })
})

describe('administration', () => {
  const elevate = 'elevation/approve/admin'
  it('is refused with the code of what was missing', () => {
    for (const [path, facts, code] of [
      [elevate, { roles: ['admin'], mfa: true, device: true, requester: 'somebody-else' }, 'allow'],
      [elevate, { roles: ['admin'], mfa: true, device: true, requester: 'self' }, 'administration.self_approval'],
      [
        elevate,
        { roles: ['admin'], mfa: false, device: true, requester: 'somebody-else' },
        'administration.mfa_required',
      ],
      [
        elevate,
        { roles: ['admin'], mfa: true, device: false, requester: 'somebody-else' },
        'administration.device_unmanaged',
      ],
      [
        elevate,
        { roles: ['support'], mfa: true, device: true, requester: 'somebody-else' },
        'administration.role_missing',
      ],
      ['secret/stripe-key', { roles: ['admin'], mfa: true, device: true }, 'allow'],
      ['secret/stripe-key', { roles: ['customer'], mfa: true, device: true }, 'administration.role_missing'],
    ] as const) {
      const request = administrationRequest(loaded.app, path, facts)
      const told = explain(decide(loaded.compiled.authority, [request]), loaded.compiled, loaded.app)
      expect(told.effect === 'allow' ? 'allow' : told.reasons[0].code, `${path} ${JSON.stringify(facts)}`).toBe(code)
    }
  })
})

/** Splits a command as a shell would, for the quoting that fixes use. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  )
}

describe('a refusal that the manifest itself states', () => {
  it.each([
    ['payments', 'GET https://api.stripe.com/v1/balance'],
    ['payments', 'orders-table.update(total)'],
    ['notifications', 'payments.charge'],
    ['orders', 'stripe.charge'],
    ['customer', 'POST /orders/o1/refund'],
  ])('%s -> %s has no grant for a fix, and names the line that forbids it', (subject, object) => {
    expect(denial(subject, object).fix).toMatch(/^sallyport allow /)
    const { fix, message } = denial(subject, object, stated)
    expect(fix).toBeUndefined()
    expect(message).toMatch(/sallyport\.yaml:\d+:\d+ states that it never may$/)
  })
})
