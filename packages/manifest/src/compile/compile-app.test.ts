import { actions, arn, contextKeys, type AccessRequest } from '@sallyport/core/access'
import { decide, type NamedPolicy } from '@sallyport/core/policy'
import { describe, expect, it } from 'vitest'

import { describeAsk, hypothetical } from '../ask/describe-ask.ts'
import { type Asker, functionAsker, type PersonBehind, stranger } from '../ask/describe-subject.ts'
import { askDoor, askOperation } from '../ask/facts.ts'
import { administrationRequest } from '../testing/administration.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { edited, exampleText, faultsOf, mustLoad, surroundingsOf } from '../testing/example.ts'
import type { FunctionDeclaration } from '../app.ts'
import { compileApp, type CompiledApp } from './compile-app.ts'

const { app, compiled } = mustLoad()

function allowed(request: AccessRequest, by: CompiledApp = compiled): boolean {
  return decide(by.authority, [request]).effect === 'allow'
}

/** Everybody on whose behalf a function may run, with every mixture of proofs; undefined for nobody at all. */
const peopleBehind: readonly (PersonBehind | undefined)[] = [
  undefined,
  ...[[], ['customer'], ['support'], ['admin'], ['customer', 'admin']].flatMap((roles) =>
    [false, true].flatMap((mfa) => [false, true].map((elevated) => ({ roles, mfa, elevated }))),
  ),
]

/** A function on behalf of that person. */
function serving(one: FunctionDeclaration, behind: PersonBehind | undefined): Asker {
  const asker = functionAsker(one, behind)
  if (behind !== undefined) return asker
  const place = asker.context[contextKeys.sourceZone]
  return { ...asker, context: place === undefined ? {} : { [contextKeys.sourceZone]: place } }
}

/** Says again, in plain words, when a role counts. */
function counts(name: string, behind: PersonBehind | undefined): boolean {
  const role = app.people.find((one) => one.name === name)
  if (role === undefined || behind?.roles.includes(name) !== true) return false
  return (!role.mfa || behind.mfa) && (role.jit === undefined || behind.elevated)
}

describe('the compiled app', () => {
  it('has a Sid for every statement, unique, and a place in a file for every Sid', () => {
    const documents = [
      ...compiled.policies.guardrails,
      ...[...compiled.policies.identity.values()].flat(),
      ...compiled.policies.resource.values(),
    ]
    const sids = documents.flatMap(({ document }) => document.Statement.map(({ Sid }) => Sid ?? ''))
    expect(new Set(sids).size).toBe(sids.length)
    expect([...compiled.origins.keys()].toSorted()).toEqual(sids.toSorted())
    expect(sids).toContain('route-storefront-POST-checkout-customer')
  })

  it('has a golden policy for payments', async () => {
    const owner = app.functions[2]?.arn ?? ''
    await expect(`${JSON.stringify(compiled.policies.identity.get(owner), undefined, 2)}\n`).toMatchFileSnapshot(
      '../testing/payments.policy.json',
    )
  })
})

describe('a function call', () => {
  it('stands on both sides, each naming exactly who was granted what', () => {
    const statements = (documents: readonly NamedPolicy[]): NamedPolicy['document']['Statement'] =>
      documents.flatMap(({ document }) => document.Statement)
    for (const one of app.functions) {
      for (const operation of one.offers) {
        const resource = arn.operation(app.name, one.zone, one.name, operation)
        const granted = app.functions.filter(({ can }) =>
          can.some((may) => may.kind === 'function' && may.target === one.name && may.operation === operation),
        )
        const offered = statements([compiled.policies.resource.get(resource) ?? []].flat())
        expect(offered.map(({ Principal }) => Principal)).toEqual(granted.map(({ arn: id }) => ({ AWS: id })))
        const callers = [...compiled.policies.identity].filter(([, documents]) =>
          statements(documents).some(
            ({ Action, Resource }) => Action === actions.invokeFunction && Resource === resource,
          ),
        )
        expect(callers.map(([id]) => id)).toEqual(granted.map(({ arn: id }) => id))
      }
    }
  })

  it('is allowed only where a can line names it, for the person behind it, whoever asks from whichever zone', () => {
    const zones = [...app.zones.map(({ name }) => name), 'internet', 'nowhere', undefined]
    const operations = app.functions.flatMap((one) => [...one.offers, 'other'].map((operation) => ({ one, operation })))
    let granted = 0
    for (const behind of peopleBehind) {
      for (const asker of [...app.functions.map((one) => serving(one, behind)), stranger()]) {
        for (const { one, operation } of operations) {
          for (const zone of zones) {
            const request = hypothetical(asker, askOperation(app, one, operation))
            const { [contextKeys.sourceZone]: _, ...rest } = request.context
            const named =
              app.functions
                .find(({ arn: id }) => id === asker.subject.id)
                ?.can.some(
                  (permission) =>
                    permission.kind === 'function' &&
                    permission.target === one.name &&
                    permission.operation === operation &&
                    (permission.forRoles.length === 0 || permission.forRoles.some((role) => counts(role, behind))),
                ) === true
            const open = app.zones.find(({ name }) => name === one.zone)?.from.includes(zone ?? '') === true
            const verdict = allowed({
              ...request,
              context: zone === undefined ? rest : { ...rest, [contextKeys.sourceZone]: zone },
            })
            const label = `${asker.label} for ${JSON.stringify(behind)} → ${one.name}.${operation} from ${zone}`
            expect(verdict, label).toBe(named && open)
            if (verdict) granted++
          }
        }
      }
    }
    expect(granted).toBeGreaterThan(0)
  })

  it('that is for a role stays so beside a document that grants it to the caller for anybody', () => {
    const text = edited(
      '    offers: [create, get, refund]',
      '    offers: [create, get, refund]\n    policies: [policies/call.json]',
    )
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sallyport:InvokeFunction',
        Resource: arn.operation('checkout', 'restricted', 'payments', 'refund'),
      },
    })
    const bare = mustLoad(text.slice(0, text.indexOf('\nonly:') + 1), { 'policies/call.json': document })
    const [, orders, payments] = bare.app.functions
    if (orders === undefined || payments === undefined) throw new Error('the example has changed')
    const refund = (behind: PersonBehind): boolean =>
      allowed(hypothetical(functionAsker(orders, behind), askOperation(bare.app, payments, 'refund')), bare.compiled)
    expect(refund({ roles: ['admin'], mfa: true, elevated: true })).toBe(true)
    expect(refund({ roles: ['customer'], mfa: true, elevated: true })).toBe(false)
  })

  it('is not opened by a document that grants only one side', () => {
    const text = edited('    can: { email: [send] }', '    can: { email: [send] }\n    policies: [policies/call.json]')
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sallyport:InvokeFunction',
        Resource: arn.operation('checkout', 'restricted', 'payments', 'refund'),
      },
    })
    expect(faultsOf(text, { 'policies/call.json': document })).toMatchObject([{ code: 'manifest.grants_nothing' }])
    // And if it were loaded all the same:
    const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, 'policies/call.json': document }))
    if (!loaded.ok) throw new Error('the document is valid')
    const one = loaded.app.functions.find(({ name }) => name === 'notifications')
    const payments = loaded.app.functions.find(({ name }) => name === 'payments')
    if (one === undefined || payments === undefined) throw new Error('the example has changed')
    const asked = hypothetical(functionAsker(one), askOperation(loaded.app, payments, 'refund'))
    expect(allowed(asked, compileApp(loaded.app))).toBe(false)
  })
})

describe('a door', () => {
  const [charge, refund] = ['charge', 'refund'].map((operation) => askDoor(app, 'stripe', operation))

  it('that is for a role opens only for who holds it with every proof that it needs', () => {
    const payments = app.functions.find(({ name }) => name === 'payments')
    if (payments === undefined || charge === undefined || refund === undefined)
      throw new Error('the example has changed')
    for (const behind of peopleBehind) {
      const asker = serving(payments, behind)
      expect(allowed(hypothetical(asker, charge)), `charge for ${JSON.stringify(behind)}`).toBe(true)
      expect(allowed(hypothetical(asker, refund)), `refund for ${JSON.stringify(behind)}`).toBe(counts('admin', behind))
    }
    // A name must be there too: facts about nobody are no person.
    const admin = hypothetical(serving(payments, { roles: ['admin'], mfa: true, elevated: true }), refund)
    const { [contextKeys.transactionUser]: _, ...nameless } = admin.context
    expect([allowed(admin), allowed({ ...admin, context: nameless })]).toEqual([true, false])
  })
})

describe('elevation and administration', () => {
  const ready = { roles: ['admin'], mfa: true, device: true }

  it('nobody approves their own request, nor one whose requester or approver is unknown', () => {
    const path = 'elevation/approve/admin'
    expect(allowed(administrationRequest(app, path, { ...ready, requester: arn.user('checkout', 'grace') }))).toBe(true)
    expect(allowed(administrationRequest(app, path, { ...ready, requester: 'self' }))).toBe(false)
    expect(allowed(administrationRequest(app, path, ready))).toBe(false)
    // With none of their accounts.
    const request = administrationRequest(app, path, { ...ready, requester: arn.user('checkout', 'grace') })
    const accounts = [arn.user('checkout', 'grace'), request.subject.id]
    expect(allowed({ ...request, context: { ...request.context, [contextKeys.requester]: accounts } })).toBe(false)
    expect(
      allowed(administrationRequest(app, path, { ...ready, requester: arn.user('checkout', 'grace'), nameless: true })),
    ).toBe(false)
  })

  it('an elevation is ended by its approvers, and by its holder without a second factor', () => {
    const path = 'elevation/revoke/admin'
    expect(allowed(administrationRequest(app, path, { ...ready, requester: arn.user('checkout', 'grace') }))).toBe(true)
    const weak = { roles: ['support'], mfa: false, device: false }
    expect(allowed(administrationRequest(app, path, { ...weak, requester: 'self' }))).toBe(true)
    for (const facts of [weak, { ...weak, requester: arn.user('checkout', 'grace') }, { ...weak, nameless: true }]) {
      expect(allowed(administrationRequest(app, path, facts)), JSON.stringify(facts)).toBe(false)
    }
  })

  it('a glass is broken only where the manifest has one, with the role and the second factor', () => {
    const path = 'elevation/break-glass/admin'
    expect(allowed(administrationRequest(app, path, ready))).toBe(false)
    const glass = mustLoad(edited('reason: required', 'reason: required, break-glass: 15m'))
    expect(allowed(administrationRequest(glass.app, path, ready), glass.compiled)).toBe(true)
    expect(allowed(administrationRequest(glass.app, path, { ...ready, mfa: false }), glass.compiled)).toBe(false)
  })

  it('users are managed, and whatever they hold is ended, by whom the manifest names', () => {
    const given = mustLoad(edited('  invoke: [admin]', '  invoke: [admin]\n  users: [admin]'))
    for (const path of ['users', 'revocation']) {
      expect(allowed(administrationRequest(app, path, ready)), path).toBe(false)
      expect(allowed(administrationRequest(given.app, path, ready), given.compiled), path).toBe(true)
      expect(allowed(administrationRequest(given.app, path, { ...ready, mfa: false }), given.compiled)).toBe(false)
    }
  })

  it('every power needs its role and the second factor', () => {
    for (const path of [
      'elevation/request/admin',
      'secret/stripe-key',
      'secret/mail-token',
      'configuration',
      'function/payments/invoke',
    ]) {
      expect(allowed(administrationRequest(app, path, ready)), path).toBe(true)
      expect(allowed(administrationRequest(app, path, { ...ready, mfa: false })), path).toBe(false)
      expect(allowed(administrationRequest(app, path, { ...ready, roles: ['support'] })), path).toBe(false)
      expect(allowed(administrationRequest(app, path, { ...ready, device: false })), path).toBe(false)
    }
    expect(allowed(administrationRequest(app, 'secret/undeclared', ready))).toBe(false)
  })

  it("a power that nobody was given is nobody's", () => {
    const none = mustLoad(exampleText.replace(/administration:[\s\S]*?zones:/, 'zones:'))
    expect(allowed(administrationRequest(none.app, 'configuration', ready), none.compiled)).toBe(false)
  })
})

describe('a route', () => {
  it('of anyone is open without a credential, from the internet only', () => {
    const open = mustLoad(edited('    can: { orders: {', '      GET /health: { who: [anyone] }\n    can: { orders: {'))
    const ask = describeAsk(open.app, 'anyone', 'GET /health')
    if (ask.kind !== 'asks' || ask.asks[0] === undefined) throw new Error('nothing asked')
    expect(allowed(ask.asks[0], open.compiled)).toBe(true)
    expect(allowed({ ...ask.asks[0], context: {} }, open.compiled)).toBe(false)
    expect(allowed({ ...ask.asks[0], action: actions.invokeFunction }, open.compiled)).toBe(false)
  })
})
