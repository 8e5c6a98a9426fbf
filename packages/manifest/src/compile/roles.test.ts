import { contextKeys, type Context } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { describe, expect, it } from 'vitest'

import { accessDiff } from '../access/access-diff.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import { explain } from '../explain/explain.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { surroundingsOf } from '../testing/example.ts'
import type { App } from '../app.ts'
import { compileApp } from './compile-app.ts'

interface Parts {
  readonly people: string
  readonly users?: string
  readonly separation?: string
  readonly who?: string
}

const text = ({ people, users = 'nina: [reader]', separation = '{}', who = '[reader]' }: Parts): string =>
  `
app: shop
issuers: { embedded: { users: { ${users} } } }
people: ${people}
separation: ${separation}
zones: { public: { from: [internet] } }
tables: { rows: { dynamodb: Rows, key: owner } }
functions:
  front:
    zone: public
    code: front.ts
    routes: { GET /notes: { who: ${who} } }
    offers: [read]
    can: { rows: { get: { rows: own, except: [reader] } } }
  back:
    zone: public
    code: front.ts
    can: { front: { read: { for: [reader] } } }
`.replace('public: { from: [internet] }', 'public: { from: [internet, public] }')

function loaded(parts: Parts): ReturnType<typeof loadManifest> {
  return loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text(parts), 'front.ts': '' }))
}

function read(parts: Parts): App {
  const app = loaded(parts)
  if (!app.ok) throw new Error(JSON.stringify(app.faults))
  return app.app
}

function codesOf(parts: Parts): readonly string[] {
  const app = loaded(parts)
  return app.ok ? [] : app.faults.map(({ code }) => code)
}

function codeOf(app: App, subject: string, object: string, facts: Context = {}): string | undefined {
  const ask = describeAsk(app, subject, object)
  if (ask.kind === 'unknown') throw new Error(ask.message)
  const [request] = ask.asks
  if (request === undefined) throw new Error('nothing is asked')
  const compiled = compileApp(app)
  const decision = decide(compiled.authority, [{ ...request, context: { ...request.context, ...facts } }])
  return explain(decision, compiled, app).reasons[0]?.code
}

describe('a role that includes another', () => {
  const app = read({
    people: '{ reader: { mfa: true }, editor: { includes: [reader] }, chief: { includes: [editor] } }',
  })

  it('counts as it at routes, for operations and rows, over as many steps as there are', () => {
    for (const role of ['reader', 'editor', 'chief']) {
      expect(codeOf(app, `${role}+mfa`, 'GET /notes'), role).toBe('policy.allow')
      expect(codeOf(app, `back for ${role}+mfa`, 'front.read'), role).toBe('policy.allow')
      expect(codeOf(app, `front for ${role}+mfa`, 'rows.get(any)'), role).toBe('policy.allow')
    }
  })

  it('meets the demands of both', () => {
    expect(codeOf(app, 'chief', 'GET /notes')).toBe('route.mfa_required')
    expect(codeOf(app, 'back for chief', 'front.read')).toBe('function.not_granted_for')
    const places = read({
      people: [
        '{ reader: { countries: [CH, DE] }',
        'editor: { countries: [DE, AT], includes: [reader] }',
        'lost: { countries: [FR], includes: [reader] } }',
      ].join(', '),
    })
    expect(codeOf(places, 'editor@DE', 'GET /notes')).toBe('policy.allow')
    expect(codeOf(places, 'editor@AT', 'GET /notes')).toBe('route.country')
    expect(codeOf(places, 'lost@FR', 'GET /notes')).not.toBe('policy.allow')
  })

  it('is not included by it', () => {
    const other = read({ people: '{ reader: {}, editor: { includes: [reader] } }', who: '[editor]' })
    expect(codeOf(other, 'reader', 'GET /notes')).toBe('route.role_missing')
    expect(codeOf(other, 'editor', 'GET /notes')).toBe('policy.allow')
  })

  it('broadens when it comes new', () => {
    const before = read({ people: '{ reader: {}, editor: {} }' })
    const after = read({ people: '{ reader: {}, editor: { includes: [reader] } }' })
    expect(accessDiff(before, after)).toEqual({ lines: ['+ editor may now count as reader'], broadens: true })
    expect(accessDiff(after, before).broadens).toBe(false)
  })

  it.each([
    ['itself', '{ reader: { includes: [reader] } }', 'manifest.role_cycle'],
    ['itself over others', '{ reader: { includes: [b] }, b: { includes: [reader] } }', 'manifest.role_cycle'],
    ['what is not there', '{ reader: { includes: [nobody] } }', 'manifest.unresolved_name'],
    [
      'what one is elevated to',
      '{ reader: { jit: { max: 1h, approvers: [b] } }, b: { includes: [reader] } }',
      'manifest.unsupported',
    ],
  ])('does not include %s', (_, people, code) => {
    expect(codesOf({ people })).toContain(code)
  })
})

describe('roles that are kept separate', () => {
  const people = '{ reader: {}, payer: {}, auditor: {}, chief: { includes: [payer] } }'
  const separation = '{ static: [[payer, auditor]] }'
  const app = read({ people, separation })

  it('are not held both, whoever states them', () => {
    expect(codeOf(app, 'reader+payer', 'GET /notes')).toBe('policy.allow')
    expect(codeOf(app, 'reader+auditor', 'GET /notes')).toBe('policy.allow')
    expect(codeOf(app, 'reader+payer+auditor', 'GET /notes')).toBe('separation.static')
    expect(codeOf(app, 'reader+chief+auditor', 'GET /notes')).toBe('separation.static')
  })

  it('are not held both by somebody from where one of them does not count', () => {
    const apart =
      '{ reader: {}, payer: { countries: [CH] }, auditor: {}, chief: { countries: [FR], includes: [payer] } }'
    const far = read({ people: apart, separation })
    expect(codeOf(far, 'reader+chief@FR', 'GET /notes')).toBe('policy.allow')
    expect(codeOf(far, 'reader+chief+auditor@FR', 'GET /notes')).toBe('separation.static')
  })

  it('are not held both by the person behind a function', () => {
    expect(codeOf(app, 'back for reader+payer', 'front.read')).toBe('policy.allow')
    expect(codeOf(app, 'back for reader+payer+auditor', 'front.read')).toBe('separation.static')
  })

  it('are not active both, where one is elevated to', () => {
    const jit = '{ jit: { max: 1h, approvers: [reader] } }'
    const dynamic = read({
      people: `{ reader: {}, payer: ${jit}, auditor: ${jit}, guard: {} }`,
      separation: '{ dynamic: [[payer, auditor], [payer, guard]] }',
    })
    const elevated = (...roles: readonly string[]): Context => ({ [contextKeys.elevatedRoles]: roles })
    const ask = (subject: string, facts: Context): string | undefined => codeOf(dynamic, subject, 'GET /notes', facts)
    expect(ask('reader+payer+auditor', elevated('payer'))).toBe('policy.allow')
    expect(ask('reader+payer+auditor', elevated('payer', 'auditor'))).toBe('separation.dynamic')
    expect(ask('reader+payer+guard', elevated())).toBe('policy.allow')
    expect(ask('reader+payer+guard', elevated('payer'))).toBe('separation.dynamic')
  })

  it.each([
    ['a user who holds both', { people, separation, users: 'nina: [payer, auditor]' }],
    ['a user who counts as both', { people, separation, users: 'nina: [chief, auditor]' }],
    ['a role that unites them', { people: people.replace('[payer]', '[payer, auditor]'), separation }],
    ['one that is to be separate from itself', { people, separation: '{ static: [[payer, payer]] }' }],
    ['a dynamic one of which none is elevated to', { people, separation: '{ dynamic: [[payer, auditor]] }' }],
  ])('refuse %s', (_, parts) => {
    expect(codesOf(parts)).toContain('manifest.separation_of_duty')
  })

  it('broaden when they are no longer separate', () => {
    expect(accessDiff(app, read({ people })).broadens).toBe(true)
    expect(accessDiff(read({ people }), app).broadens).toBe(false)
  })
})
