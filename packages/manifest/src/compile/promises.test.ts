import { contextKeys, type AccessRequest, type Context } from '@sallyport/core/access'
import { type AppPolicies, compilePolicies, decide, type NamedPolicy, type Statement } from '@sallyport/core/policy'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'

import type { App, Fault } from '../app.ts'
import { tableVerbs } from '../source/grammar.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { type GeneratedManifest, manifests } from '../testing/manifests.ts'
import { surroundingsOf } from '../testing/example.ts'
import { compileApp } from './compile-app.ts'

// What DESIGN §3 promises of every manifest, over manifests that nobody wrote.
const numRuns = 80
vi.setConfig({ testTimeout: 120_000 })

type Compile = (app: App) => AppPolicies
const compile: Compile = (app) => compileApp(app).policies

function load({ text, files }: GeneratedManifest): ReturnType<typeof loadManifest> {
  return loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, ...files }))
}

/** Facts that might open something: every zone, people with every role and proof, and nobody. */
const circumstances: readonly Context[] = ['outer', 'middle', 'inner', 'internet'].flatMap((zone) =>
  [
    {},
    {
      [contextKeys.transactionUser]: 'alice',
      [contextKeys.transactionRoles]: ['clerk', 'boss'],
      [contextKeys.transactionElevatedRoles]: ['clerk', 'boss'],
      [contextKeys.transactionMfa]: true,
    },
  ].map((person): Context => ({ ...person, [contextKeys.sourceZone]: zone })),
)

function asked(subject: string, action: string, resource: string, context: Context): AccessRequest {
  const id = '0'.repeat(32)
  return {
    id,
    transaction: id,
    subject: { kind: 'function', id: subject, name: subject.slice(subject.lastIndexOf(':') + 1), roles: [] },
    action,
    resource,
    context,
    actors: [],
  }
}

function onlyNamedCalls(compiled: Compile) {
  return fc.property(manifests, (manifest) => {
    const loaded = load(manifest)
    if (!loaded.ok) return true
    const { app } = loaded
    const authority = compilePolicies(compiled(app))
    return app.functions.every((caller) =>
      app.functions.every((target) =>
        target.offers.every((operation) => {
          const named = caller.can.some(
            (one) => one.kind === 'function' && one.target === target.name && one.operation === operation,
          )
          if (named) return true
          return circumstances.every(
            (context) =>
              decide(authority, [asked(caller.arn, 'sallyport:InvokeFunction', `${target.arn}/${operation}`, context)])
                .effect === 'deny',
          )
        }),
      ),
    )
  })
}

/** Contexts in which it cannot be told whose rows are meant, or for whom. */
const untold: readonly Context[] = [
  {},
  { [contextKeys.transactionUser]: 'alice' },
  { [contextKeys.transactionUser]: 'alice', 'dynamodb:LeadingKeys': [] },
  { [contextKeys.transactionUser]: 'alice', 'dynamodb:LeadingKeys': ['alice', 'bob'] },
  { [contextKeys.transactionUser]: 'alice', 'dynamodb:LeadingKeys': ['bob'] },
  { [contextKeys.transactionUser]: '', 'dynamodb:LeadingKeys': [''] },
  { 'dynamodb:LeadingKeys': ['alice'] },
  { 'dynamodb:LeadingKeys': ['${sallyport:TransactionUser}'] },
].map((context) => ({ ...context, 'dynamodb:Attributes': ['owner'] }))

function ownIsOwn(compiled: Compile) {
  return fc.property(manifests, (manifest) => {
    const loaded = load(manifest)
    if (!loaded.ok) return true
    const { app } = loaded
    const authority = compilePolicies(compiled(app))
    const [table] = app.tables
    return app.functions.every((caller) =>
      Object.entries(tableVerbs).every(([verb, action]) => {
        const any = caller.can.some((one) => one.kind === 'table' && one.verb === verb && one.rows === 'any')
        if (any || table === undefined) return true
        return untold.every(
          (context) => decide(authority, [asked(caller.arn, action, table.arn, context)]).effect === 'deny',
        )
      }),
    )
  })
}

function zonesOnlyDeny(compiled: Compile) {
  return fc.property(manifests, (manifest) => {
    const loaded = load(manifest)
    if (!loaded.ok) return true
    const { guardrails } = compiled(loaded.app)
    return (
      loaded.app.zones.every(({ name }) => guardrails.some((policy) => policy.name === `zone/${name}`)) &&
      guardrails.every(({ document }) => document.Statement.every(({ Effect }) => Effect === 'Deny'))
    )
  })
}

/** What is written, against what the loader said of it. */
function ceilingsHold(faultsOf: (manifest: GeneratedManifest) => readonly Fault[]) {
  return fc.property(manifests, (manifest) => {
    const { zones, functions } = JSON.parse(manifest.text) as {
      readonly zones: Readonly<Record<string, { readonly from: readonly string[] }>>
      readonly functions: Readonly<
        Record<
          string,
          {
            readonly zone: string
            readonly offers: readonly string[]
            readonly routes?: object
            readonly can: Readonly<Record<string, object>>
          }
        >
      >
    }
    const exceeds = Object.values(functions).some(
      ({ zone, routes, can }) =>
        (routes !== undefined && zones[zone]?.from.includes('internet') !== true) ||
        Object.entries(can).some(([target, operations]) => {
          const callee = functions[target]
          return (
            callee !== undefined &&
            Object.keys(operations).some((operation) => callee.offers.includes(operation)) &&
            zones[callee.zone]?.from.includes(zone) !== true
          )
        }),
    )
    return exceeds === faultsOf(manifest).some(({ code }) => code === 'manifest.zone_ceiling')
  })
}

const faultsOf = (manifest: GeneratedManifest): readonly Fault[] => {
  const loaded = load(manifest)
  return loaded.ok ? [] : loaded.faults
}

/** The policies with every statement changed. */
function changed(policies: AppPolicies, change: (statement: Statement, policy: NamedPolicy) => Statement): AppPolicies {
  const each = (policy: NamedPolicy): NamedPolicy => ({
    ...policy,
    document: { ...policy.document, Statement: policy.document.Statement.map((one) => change(one, policy)) },
  })
  return {
    ...policies,
    guardrails: policies.guardrails.map(each),
    identity: new Map([...policies.identity].map(([id, list]) => [id, list.map(each)])),
    resource: new Map([...policies.resource].map(([id, policy]) => [id, each(policy)])),
  }
}

const without =
  (operator: string) =>
  (statement: Statement): Statement => {
    const { [operator]: _, ...Condition } = statement.Condition ?? {}
    return { ...statement, Condition }
  }

describe('over generated manifests', () => {
  it('many load, and some do not', () => {
    const sample = fc.sample(manifests, { numRuns: 100, seed: 7 }).map((manifest) => load(manifest).ok)
    expect(sample.filter((ok) => ok).length).toBeGreaterThan(30)
    expect(sample.filter((ok) => !ok).length).toBeGreaterThan(3)
  })

  it('a function call is allowed only if a can line names it', () => {
    fc.assert(onlyNamedCalls(compile), { numRuns })
  })

  it('own allows nothing where the key or the user is absent, empty, several or another', () => {
    fc.assert(ownIsOwn(compile), { numRuns })
  })

  it('zones compile to denies only', () => {
    fc.assert(zonesOnlyDeny(compile), { numRuns })
  })

  it("a grant beyond a zone's ceiling does not load, and nothing else is called one", () => {
    fc.assert(ceilingsHold(faultsOf), { numRuns })
  })

  it.each<[string, () => { readonly failed: boolean }]>([
    [
      'an offer to everybody',
      () =>
        fc.check(
          onlyNamedCalls((app) =>
            changed(compile(app), (one) => (one.Principal === undefined ? one : { ...one, Principal: '*' })),
          ),
          { numRuns: 1000 },
        ),
    ],
    [
      'own without presence',
      () =>
        fc.check(
          ownIsOwn((app) => changed(compile(app), without('Null'))),
          { numRuns: 1000 },
        ),
    ],
    [
      'own without equality',
      () =>
        fc.check(
          ownIsOwn((app) => changed(compile(app), without('ForAllValues:StringEquals'))),
          { numRuns: 1000 },
        ),
    ],
    [
      'a zone that allows',
      () =>
        fc.check(
          zonesOnlyDeny((app) =>
            changed(compile(app), (one, { name }) => (name === 'zone/inner' ? { ...one, Effect: 'Allow' } : one)),
          ),
        ),
    ],
    [
      'a ceiling that nobody looks at',
      () =>
        fc.check(
          ceilingsHold(() => []),
          { numRuns: 1000 },
        ),
    ],
  ])('%s is noticed', (_, breach) => {
    expect(breach().failed).toBe(true)
  })
})
