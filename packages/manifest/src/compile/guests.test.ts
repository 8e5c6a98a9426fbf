import { contextKeys, type Context } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { describe, expect, it } from 'vitest'

import { accessDiff } from '../access/access-diff.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import { runExpectationsWith } from '../check/expectations.ts'
import { explain } from '../explain/explain.ts'
import { edited, exampleText, faultsOf, load, type Files } from '../testing/example.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { surroundingsOf } from '../testing/example.ts'
import type { App } from '../app.ts'
import { compileApp } from './compile-app.ts'
import { isAskedOf } from './guests.ts'

const wasm = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
const files: Files = {
  'policies/curfew.wasm': wasm,
  'policies/team.cedar': 'permit(principal, action, resource);',
  'policies/data.json': '{}',
}
const everywhere = edited('zones:  ', 'guardrails: [policies/curfew.wasm]\nzones:  ')

function read(text: string, more: Files = {}): App {
  const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, ...files, ...more }))
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded.app
}

/** What comes of `subject -> object` with these facts besides. */
function codeOf(app: App, subject: string, object: string, facts: Context = {}): string | undefined {
  const ask = describeAsk(app, subject, object)
  if (ask.kind === 'unknown') throw new Error(ask.message)
  const compiled = compileApp(app)
  const [request] = ask.asks.map((one) => ({ ...one, context: { ...one.context, ...facts } }))
  if (request === undefined) throw new Error('nothing is asked')
  return explain(decide(compiled.authority, [request]), compiled, app).reasons[0]?.code
}

const verdict = `${contextKeys.guest}/curfew`

describe('a guest', () => {
  it('lets pass what it allows and the manifest grants', () => {
    expect(codeOf(read(everywhere), 'customer', 'POST /checkout', { [verdict]: 'allow' })).toBe('policy.allow')
  })

  it.each([
    ['denies', { [verdict]: 'deny' }, 'guest.denied'],
    ['gave no verdict', {}, 'guest.no_verdict'],
    ['gave a verdict in other words', { [verdict]: 'Allow' }, 'guest.denied'],
    ['gave another verdict besides', { [verdict]: ['allow', 'deny'] }, 'guest.no_verdict'],
  ])('that %s is denied', (_, facts, code) => {
    expect(codeOf(read(everywhere), 'customer', 'POST /checkout', facts)).toBe(code)
  })

  it('that allows everything widens nothing', () => {
    const app = read(everywhere)
    for (const [subject, object] of [
      ['customer@US', 'POST /checkout'],
      ['storefront', 'payments.charge'],
      ['payments', 'POST https://evil.example/'],
      ['payments for customer', 'stripe.refund'],
    ] as const) {
      const code = codeOf(app, subject, object, { [verdict]: 'allow' })
      expect(code, object).not.toBe('policy.allow')
      expect(code, object).not.toMatch(/^guest\./)
    }
  })

  it('under a function is asked of that function alone', () => {
    const app = read(
      edited('    can: { email: [send] }', '    can: { email: [send] }\n    policies: [policies/team.cedar]'),
    )
    const key = `${contextKeys.guest}/team`
    expect(app.guests).toMatchObject([{ name: 'team', engine: 'cedar', of: ['notifications'], memoryMb: 64 }])
    expect(codeOf(app, 'notifications', 'email.send')).toBe('guest.no_verdict')
    expect(codeOf(app, 'notifications', 'email.send', { [key]: 'allow' })).toBe('policy.allow')
    expect(codeOf(app, 'payments', 'stripe.charge')).toBe('policy.allow')
  })

  it.each([
    ['routes', 'customer', 'POST /checkout', 'payments', 'stripe.charge'],
    ['doors', 'payments', 'stripe.charge', 'customer', 'POST /checkout'],
    ['functions', 'storefront', 'orders.create', 'customer', 'POST /checkout'],
    ['aws', 'orders', 'orders-table.put', 'customer', 'POST /checkout'],
    ['stripe.charge', 'payments', 'stripe.charge', 'notifications', 'email.send'],
    ['POST /checkout', 'customer', 'POST /checkout', 'customer', 'GET /orders/o1'],
    ['orders-table', 'orders', 'orders-table.put', 'payments', 'stripe.charge'],
  ])('that is asked about %s is asked about nothing else', (asks, subject, object, otherSubject, otherObject) => {
    const options = `guests: { curfew: { asks: [${asks}] } }\nzones:  `
    const app = read(edited('zones:  ', options, everywhere))
    const [guest] = app.guests ?? []
    const isAsked = (who: string, what: string): readonly boolean[] => {
      const ask = describeAsk(app, who, what)
      return ask.kind === 'asks' && guest !== undefined ? ask.asks.map((request) => isAskedOf(guest, request)) : []
    }
    // Whoever is asked about, is demanded of, and nobody else.
    expect([isAsked(subject, object), codeOf(app, subject, object)]).toEqual([[true], 'guest.no_verdict'])
    expect([isAsked(otherSubject, otherObject), codeOf(app, otherSubject, otherObject)]).toEqual([
      [false],
      'policy.allow',
    ])
  })

  it('is not asked about whom it does not judge, nor of what is refused already', () => {
    const app = read(everywhere)
    const [guest] = app.guests ?? []
    const ask = describeAsk(app, 'payments', 'stripe.charge')
    const [request] = ask.kind === 'asks' ? ask.asks : []
    if (guest === undefined || request === undefined) throw new Error('nothing to ask')
    expect(isAskedOf({ ...guest, of: ['payments'] }, request)).toBe(true)
    expect(isAskedOf({ ...guest, of: ['orders'] }, request)).toBe(false)
    const refusal = { code: 'door.unlisted', layer: 'door', message: '' } as const
    expect(isAskedOf({ ...guest, of: ['payments'] }, { ...request, refusal })).toBe(false)
  })

  it('does not make an invariant hold that would not hold without it', () => {
    const loose = everywhere.replace('can: { email: [send] }', 'can: { email: [send], stripe: [charge] }')
    expect(faultsOf(loose, files).map(({ code }) => code)).toContain('only.violated')
    expect(faultsOf(everywhere, files).map(({ code }) => code)).not.toContain('only.violated')
  })

  it('takes part in the worked examples; not asked, it lets none of them be allowed', async () => {
    const app = read(everywhere)
    const allowing = app.expect.filter(({ effect }) => effect === 'allow')
    expect(faultsOf(everywhere, files).map(({ code }) => code)).toEqual(allowing.map(() => 'expect.failed'))
    const say = (said: string) =>
      runExpectationsWith(compileApp(app), app, async (asked) =>
        asked.map((request) => ({ ...request, context: { ...request.context, [verdict]: said } })),
      )
    expect(await say('allow')).toEqual([])
    expect(await say('deny')).toHaveLength(allowing.length)
    expect(load().ok).toBe(true)
  })
})

describe('in diff', () => {
  const before = read(everywhere)
  const broadens = (text: string, more: Files = {}): boolean => accessDiff(before, read(text, more)).broadens
  const options = (text: string): string => edited('zones:  ', `guests: { curfew: { ${text} } }\nzones:  `, everywhere)

  it('a new guest narrows, and one that is gone broadens', () => {
    expect(accessDiff(read(exampleText), before)).toMatchObject({ broadens: false })
    expect(broadens(exampleText)).toBe(true)
  })

  it('any change of a guest may broaden', () => {
    expect(broadens(everywhere)).toBe(false)
    expect(broadens(everywhere, { 'policies/curfew.wasm': Uint8Array.from([...wasm, 0, 1, 0]) })).toBe(true)
    for (const option of [
      'entrypoint: other/allow',
      'data: policies/data.json',
      'asks: [doors]',
      'deadline: 2s',
      'memory: 64',
    ])
      expect(broadens(options(option)), option).toBe(true)
  })
})

describe('a manifest is refused', () => {
  const refused = (text: string, more: Files = {}): readonly string[] =>
    faultsOf(text, { ...files, ...more }).map((fault) => fault.code)
  const guests = (text: string): string => edited('zones:  ', `guests: { ${text} }\nzones:  `)

  it.each([
    ['names no policy', guests('curfew: { asks: [doors] }'), 'manifest.unresolved_name'],
    ['names a file that is not there', guests('x: { policy: policies/x.wasm }'), 'manifest.file_missing'],
    ['names a policy under another name', guests('x: { policy: policies/curfew.wasm }'), 'manifest.unresolved_name'],
    ['names a file of no engine', guests('x: { policy: policies/x.json }'), 'manifest.unresolved_name'],
    [
      'gives Cedar an entrypoint',
      guests('team: { policy: policies/team.cedar, entrypoint: a }'),
      'manifest.guest_policy',
    ],
    [
      'is asked about what is not there',
      guests('team: { policy: policies/team.cedar, asks: [nobody] }'),
      'manifest.unresolved_name',
    ],
    ['may take too long', guests('team: { policy: policies/team.cedar, deadline: 1m }'), 'manifest.wrong_type'],
    ['may take too much', guests('team: { policy: policies/team.cedar, memory: 4096 }'), 'manifest.wrong_type'],
  ])('whose guest %s', (_, text, code) => {
    expect(refused(text)).toContain(code)
  })

  it.each([
    ['is no module', { 'policies/curfew.wasm': 'permit(principal, action, resource);' }],
    ['is larger than a policy is', { 'policies/curfew.wasm': new Uint8Array(9 * 1024 * 1024) }],
  ])('whose guest %s', (_, more) => {
    expect(refused(everywhere, more)).toContain('manifest.guest_policy')
  })

  it('whose data for a guest is no JSON object', () => {
    const text = edited('zones:  ', 'guests: { curfew: { data: policies/data.json } }\nzones:  ', everywhere)
    expect(refused(text, { 'policies/data.json': '[]' })).toContain('manifest.guest_policy')
  })
})
