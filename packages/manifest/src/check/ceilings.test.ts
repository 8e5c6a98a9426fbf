import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Fault } from '../app.ts'
import { edited, exampleText, faultsOf, load, surroundingsOf } from '../testing/example.ts'
import { compileApp } from '../compile/compile-app.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { manifests } from '../testing/manifests.ts'
import { checkCeilings } from './ceilings.ts'

/** The example without its own statements: what is attached here would break them. */
const bare = exampleText.slice(0, exampleText.indexOf('\nonly:') + 1)
const attaching = edited('can: { email: [send] }', 'can: { email: [send] }\n    policies: [p.json]', bare)
const call = 'sallyport:InvokeFunction'
const operation = (path: string): string => `arn:sallyport:function:checkout:${path}`
const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'

type Words = Readonly<Record<string, unknown>>
const documentOf = (...Statement: readonly Words[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: Statement.map((one) => ({ Effect: 'Allow', ...one })) }, null, 1)

/** What is said of a document attached to `notifications`, which stands in the zone `internal`. */
function said(document: string, manifest = attaching, files: Readonly<Record<string, string>> = {}): readonly Fault[] {
  return faultsOf(manifest, { 'p.json': document, ...files })
}

const codes = (faults: readonly Fault[]): readonly string[] => faults.map(({ code }) => code)

describe('a statement of an attached document beyond a zone', () => {
  const closed = edited('restricted: { from: [internal] }', 'restricted: { from: [public] }', attaching).replace(
    'payments: { charge: any, refund: { for: [admin] } }\n',
    '\n',
  )

  it('does not load, with its place, a request that shows it, and what to write', () => {
    const document = documentOf(
      { Action: 'dynamodb:GetItem', Resource: table },
      { Action: call, Resource: operation('restricted:payments/charge') },
    )
    expect(said(document, closed)).toMatchObject([
      {
        code: 'manifest.zone_ceiling',
        file: 'p.json',
        line: 9,
        column: 3,
        message:
          `notifications is in internal, and this statement allows it ${call} on ` +
          `${operation('restricted:payments/charge')} with sallyport:SourceZone "internal"; ` +
          'restricted takes calls from public only.',
        suggestion: 'take the statement away, or: restricted: { from: [public, internal] }',
      },
    ])
  })

  it('says which of its resources lie beyond, where others do not', () => {
    const inside = operation('internal:orders/get')
    const [fault] = said(documentOf({ Action: call, Resource: [inside, operation('restricted:pay*')] }), closed)
    expect(fault?.suggestion).toBe(
      `take ${operation('restricted:pay*')} out of the statement, or: restricted: { from: [public, internal] }`,
    )
  })

  it('is found whatever its condition asks, unless that excludes the function itself', () => {
    const when = (Condition: Words): string =>
      documentOf({ Action: call, Resource: operation('restricted:payments/charge'), Condition })
    for (const condition of [
      { StringEquals: { 'sallyport:TransactionUser': 'alice' } },
      { StringNotEquals: { 'sallyport:SourceZone': 'public' } },
      { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' }, Null: { 'k:a': 'true' } },
      { StringLike: { 'k:a': '${sallyport:TransactionUser}*' } },
    ]) {
      expect(codes(said(when(condition), closed)), JSON.stringify(condition)).toEqual(['manifest.zone_ceiling'])
    }
    expect(said(when({ StringEquals: { 'sallyport:SourceZone': 'public' } }), closed)).toEqual([])
  })

  it('is measured by the zone of each function that has the document', () => {
    const both = edited('code: src/storefront.ts', 'policies: [p.json]\n    code: src/storefront.ts', attaching)
    const document = documentOf({ Action: call, Resource: operation('restricted:payments/charge') })
    expect(said(document, both)).toMatchObject([
      { code: 'manifest.zone_ceiling', message: expect.stringMatching(/^storefront is in public/) },
      // Within its zone for notifications, but nothing that a document can grant.
      { code: 'manifest.grants_nothing' },
    ])
  })

  it('is found in every generated manifest that has one, and in no other', { timeout: 120_000 }, () => {
    const property = fc.property(manifests, (manifest) => {
      const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': manifest.text, ...manifest.files }))
      if (!loaded.ok) return true
      const { app } = loaded
      // The document that some have attached calls every operation of every zone.
      const beyond = app.functions.filter(
        ({ identityPolicies = [], zone }) =>
          identityPolicies.length > 0 && app.zones.some(({ from }) => !from.includes(zone)),
      )
      const faults = checkCeilings(compileApp(app), app).filter(({ code }) => code === 'manifest.zone_ceiling')
      return faults.length === beyond.length
    })
    fc.assert(property, { numRuns: 20, seed: 22 })
  })

  it('does not load either where that cannot be proved', () => {
    // A number below 10 that begins with 9 is none up to 8: that is true, and not known.
    const Condition = {
      NumericLessThan: { 'k:a': 10 },
      StringLike: { 'k:a': '9*' },
      NumericLessThanEquals: { 'k:a': 8 },
    }
    const document = documentOf({ Action: call, Resource: operation('restricted:payments/charge'), Condition })
    expect(said(document, closed)).toMatchObject([
      { code: 'manifest.ceiling_unproved', message: expect.stringContaining('(policy.proof_open)') },
    ])
    // Of what no zone speaks of, nothing has to be proved: that its conditions leave nothing is for lint to find.
    const elsewhere = documentOf({ Action: 'dynamodb:GetItem', Resource: table, Condition })
    expect(said(elsewhere, closed)).toEqual([])
    const guarded = edited('zones:  ', 'guardrails: [deny.json]\nzones:  ', attaching)
    const denied = documentOf({ Effect: 'Deny', Action: 'dynamodb:*', Resource: `${table}/index/*` })
    expect(codes(said(elsewhere, guarded, { 'deny.json': denied }))).toEqual(['manifest.ceiling_unproved'])
  })
})

describe('a statement of which nothing is left', () => {
  const guarded = edited('zones:  ', 'guardrails: [deny.json]\nzones:  ', attaching)
  const denying = (statement: Words): Readonly<Record<string, string>> => ({
    'deny.json': documentOf({ Effect: 'Deny', Resource: '*', ...statement }),
  })

  it('does not load, with the place of what denies all of it', () => {
    const document = documentOf({ Action: ['dynamodb:DeleteTable', 'dynamodb:DeleteItem'], Resource: table })
    expect(said(document, guarded, denying({ Action: 'dynamodb:Delete*' }))).toMatchObject([
      {
        code: 'manifest.grants_nothing',
        file: 'p.json',
        message: expect.stringMatching(/all of it is denied, dynamodb:Delete\w+ on \S+ with .* by deny\.json:4:3\.$/),
      },
    ])
  })

  it('is one that a guardrail leaves something of: that one narrows', () => {
    const document = documentOf({ Action: ['dynamodb:DeleteTable', 'dynamodb:GetItem'], Resource: table })
    for (const statement of [
      { Action: 'dynamodb:Delete*' },
      { Action: '*', Condition: { BoolIfExists: { 'sallyport:TransactionMfa': 'false' } } },
      { NotAction: 'dynamodb:DeleteTable' },
      { Action: '*', Condition: { StringNotEquals: { 'aws:RequestedRegion': 'eu-central-1' } } },
    ]) {
      expect(said(document, guarded, denying(statement)), JSON.stringify(statement)).toEqual([])
    }
  })

  it('is one that calls a function without a can line, which is what the fix writes', () => {
    const document = documentOf({ Action: call, Resource: operation('restricted:payments/charge') })
    expect(said(document)).toMatchObject([
      {
        code: 'manifest.grants_nothing',
        suggestion: 'functions: { notifications: { can: { payments: [charge] } } }',
      },
    ])
    const granted = attaching.replace('can: { email: [send] }', 'can: { email: [send], payments: [charge] }')
    expect(said(document, granted)).toEqual([])
  })

  it('is one that opens a route or a power of administration', () => {
    for (const [Action, Resource] of [
      ['sallyport:CallRoute', 'arn:sallyport:route:checkout:public:storefront/POST /checkout'],
      ['sallyport:SetSecret', 'arn:sallyport:admin:checkout::secret/stripe-key'],
    ]) {
      expect(codes(said(documentOf({ Action, Resource }))), Action).toContain(
        Action === 'sallyport:CallRoute' ? 'manifest.zone_ceiling' : 'manifest.grants_nothing',
      )
    }
  })
})

describe('what stays as it was', () => {
  it('a document that grants what is open loads, Denies and conditions with it', () => {
    const document = documentOf(
      { Action: ['dynamodb:GetItem', 'dynamodb:Query'], Resource: [table, `${table}/index/*`] },
      { Action: 's3:PutObject', Resource: 'arn:aws:s3:::mail/${sallyport:TransactionUser}/*' },
      { Effect: 'Deny', Action: call, Resource: operation('restricted:payments/charge') },
      { Action: 'sallyport:UseDoor', Resource: 'arn:sallyport:door:checkout::email/send' },
    )
    expect(said(document)).toEqual([])
  })

  it('a can line that a guardrail denies whole loads: whoever stops something must not be kept from it', () => {
    const text = edited('zones:  ', 'guardrails: [deny.json]\nzones:  ', bare)
    const freeze = documentOf({ Effect: 'Deny', Action: 'sallyport:UseDoor', Resource: '*' })
    expect(load(text, { 'deny.json': freeze }).ok).toBe(true)
  })

  it('a hundred functions with documents attached load', () => {
    const names = Array.from({ length: 100 }, (_, index) => `f${index}`)
    const functions = names.map((name) => [name, { zone: 'inner', code: 'src/orders.ts', policies: [`${name}.json`] }])
    const zones = { inner: { from: ['inner'] } }
    const text = JSON.stringify({ app: 'many', zones, functions: Object.fromEntries(functions) })
    const secured = { Bool: { 'aws:SecureTransport': 'true' } }
    const documents = names.map((name): [string, string] => [
      `${name}.json`,
      documentOf(
        { Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Resource: `${table}-${name}` },
        { Action: 's3:GetObject', Resource: `arn:aws:s3:::${name}/*`, Condition: secured },
        { Action: 'sqs:SendMessage', Resource: `arn:aws:sqs:us-east-1:123456789012:${name}` },
      ),
    ])
    expect(faultsOf(text, Object.fromEntries(documents))).toEqual([])
  })
})
