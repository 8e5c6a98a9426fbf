import { contextKeys, type Context } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { describe, expect, it } from 'vitest'

import type { App } from '../app.ts'
import { describeAsk } from '../ask/describe-ask.ts'
import { explain } from '../explain/explain.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { administrationRequest } from '../testing/administration.ts'
import { surroundingsOf } from '../testing/example.ts'
import { compileApp } from './compile-app.ts'

const text = (route: string, secrets = '[boss]'): string => `
app: shop
issuers: { embedded: { users: { nina: [boss] } } }
people: { boss: { jit: { max: 1h, approvers: [boss], reason: optional } }, clerk: {} }
administration: { secrets: ${secrets} }
secrets: { key: { rotate: 30d } }
zones: { public: { from: [internet] } }
functions:
  front:
    zone: public
    code: front.ts
    routes: { POST /pay: ${route} }
`

function loaded(manifest: string): ReturnType<typeof loadManifest> {
  return loadManifest('/app', surroundingsOf({ 'sallyport.yaml': manifest, 'front.ts': '' }))
}

function read(manifest: string): App {
  const app = loaded(manifest)
  if (!app.ok) throw new Error(JSON.stringify(app.faults))
  return app.app
}

/** The code of the first reason, or of an allow. `undefined` among the facts takes one away. */
function codeOf(app: App, subject: string, facts: Readonly<Record<string, Context[string] | undefined>> = {}): string {
  const ask = describeAsk(app, subject, 'POST /pay')
  if (ask.kind === 'unknown') throw new Error(ask.message)
  const [request] = ask.asks
  if (request === undefined) throw new Error('nothing is asked')
  const context: Context = Object.fromEntries(
    Object.entries({ ...request.context, ...facts }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  )
  const compiled = compileApp(app)
  return explain(decide(compiled.authority, [{ ...request, context }]), compiled, app).reasons[0]?.code ?? ''
}

describe('what a route demands of a sign-in', () => {
  const app = read(text('{ who: [clerk], max-age: 15m, mfa: true, scopes: [pay, call] }'))
  const fresh = { [contextKeys.authenticationAge]: 900, [contextKeys.scopes]: ['call', 'pay', 'other'] }

  const cases: readonly [string, string, Parameters<typeof codeOf>[2], string][] = [
    ['all of it', 'clerk+mfa', fresh, 'policy.allow'],
    ['a second factor', 'clerk', fresh, 'route.mfa_required'],
    [
      'a young sign-in',
      'clerk+mfa',
      { ...fresh, [contextKeys.authenticationAge]: 901 },
      'route.authentication_too_old',
    ],
    [
      'a time of the sign-in',
      'clerk+mfa',
      { ...fresh, [contextKeys.authenticationAge]: undefined },
      'route.authentication_too_old',
    ],
    ['every scope', 'clerk+mfa', { ...fresh, [contextKeys.scopes]: ['pay'] }, 'route.insufficient_scope'],
    ['any scope', 'clerk+mfa', { ...fresh, [contextKeys.scopes]: undefined }, 'route.insufficient_scope'],
    ['the role', 'boss+mfa+jit', fresh, 'route.role_missing'],
  ]
  for (const [what, subject, facts, code] of cases) {
    it(`${code === 'policy.allow' ? 'is met by' : 'is not met without'} ${what}`, () => {
      expect(codeOf(app, subject, facts)).toBe(code)
    })
  }

  it('is met in an example by whoever has just signed in, and not by whoever is stale', () => {
    expect([codeOf(app, 'clerk+mfa'), codeOf(app, 'clerk+mfa+stale')]).toEqual([
      'policy.allow',
      'route.authentication_too_old',
    ])
  })

  it('cannot be demanded of anyone', () => {
    const faulty = loaded(text('{ who: [anyone], max-age: 15m }'))
    expect(faulty.ok ? [] : faulty.faults.map(({ code }) => code)).toEqual(['manifest.unsupported'])
  })
})

describe('what a power demands of a sign-in', () => {
  const app = read(text('{ who: [clerk] }', '{ roles: [boss], elevated: true, max-age: 5m }'))
  const compiled = compileApp(app)
  const act = (facts: Context): string => {
    const request = administrationRequest(app, 'secret/key', { roles: ['boss'], mfa: true, device: false })
    const asked = { ...request, context: { ...request.context, ...facts } }
    return explain(decide(compiled.authority, [asked]), compiled, app).reasons[0]?.code ?? ''
  }
  const elevated = { [contextKeys.elevatedRoles]: ['boss'], [contextKeys.authenticationAge]: 300 }

  it('is an elevation that another person approved, and a young sign-in', () => {
    expect(act(elevated)).toBe('policy.allow')
    expect(act({ ...elevated, [contextKeys.elevatedRoles]: [] })).toBe('administration.elevation_required')
    expect(act({ ...elevated, [contextKeys.authenticationAge]: 301 })).toBe('administration.authentication_too_old')
  })
})
