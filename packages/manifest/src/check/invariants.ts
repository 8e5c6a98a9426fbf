import type { AccessRequest } from '@sallyport/core/access'
import { compilePolicies, decide, type AppPolicies, type Authority, type NamedPolicy } from '@sallyport/core/policy'

import type { App, Fault } from '../app.ts'
import { describeObject } from '../ask/describe-object.ts'
import { bestOf, functionAsker, stranger, type Asker } from '../ask/describe-subject.ts'
import { askTable, type Asked } from '../ask/facts.ts'
import { hypothetical } from '../ask/describe-ask.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { collectFaults, showPosition } from '../source/faults.ts'

/**
 * `only:` holds when nobody else is allowed, with everything in their favour: every role with every factor, every
 * function serving a user with every role, and the stranger. Attached documents are taken without their conditions,
 * so that a condition which no example happens to meet cannot hide a grant.
 */
export function checkInvariants(compiled: CompiledApp, app: App): readonly Fault[] {
  if (app.only.length === 0) return []
  const faults = collectFaults()
  const authority = upperBound(compiled.policies, app)
  const everybody = askersOf(app)
  for (const invariant of app.only) {
    const object = describeObject(app, invariant.object)
    if (object.kind !== 'objects') continue
    const named = new Set(invariant.subjects.flatMap((text) => membersOf(app, text)))
    const others = named.has('anyone') ? [] : everybody.filter((asker) => !named.has(asker.subject.name))
    for (const asker of others) {
      const allowed = object.objects
        .flatMap((asked) => bestCases(app, asked))
        .map((asked) => ({
          asked,
          rule: ruleThatAllows(authority, hypothetical(asker, asked)),
        }))
        .find(({ rule }) => rule !== undefined)
      if (allowed === undefined) continue
      const at = compiled.origins.get(allowed.rule ?? '')
      const line = at === undefined ? '' : ` by ${showPosition(at)}`
      faults.add(
        'only.violated',
        invariant.at,
        `"${invariant.text}": ${asker.label} may also reach ${allowed.asked.label}, allowed${line}.`,
        `take that line away, or add ${asker.label} to the invariant`,
      )
    }
  }
  return faults.all()
}

/** Whom a plain name stands for, by the names of subjects. */
function membersOf(app: App, text: string): readonly string[] {
  if (['internet', 'anyone', 'anonymous'].includes(text)) return ['anyone']
  const inZone = app.functions.filter((one) => one.zone === text).map(({ name }) => name)
  return [text, ...inZone]
}

function askersOf(app: App): readonly Asker[] {
  const roles = app.people.map(({ name }) => name)
  return [
    stranger(),
    ...app.people.map((role) => bestOf(app, role)),
    ...app.functions.map((one) => functionAsker(one, { roles, mfa: true, elevated: true })),
  ]
}

/** A table is asked for both the user's own rows and another's; everything else has one case. */
function bestCases(app: App, asked: Asked): readonly Asked[] {
  const table = app.tables.find(({ arn }) => arn === asked.resource)
  if (table === undefined || !asked.action.startsWith('dynamodb:') || asked.action === 'dynamodb:Scan') return [asked]
  const whose = { 'dynamodb:LeadingKeys': askTable(table, 'get', 'other').context['dynamodb:LeadingKeys'] ?? [] }
  return [asked, { ...asked, context: { ...asked.context, ...whose } }]
}

function ruleThatAllows(authority: Authority, request: AccessRequest): string | undefined {
  const decision = decide(authority, [request])
  return decision.effect === 'allow' ? (decision.reasons[0]?.rule ?? '') : undefined
}

/** The app's policies with every condition of an attached Allow met, and no conditional attached Deny. */
function upperBound(policies: AppPolicies, app: App): Authority {
  const attached = new Set(
    [...(app.guardrailPolicies ?? []), ...app.functions.flatMap((one) => one.identityPolicies ?? [])].map(
      ({ name }) => name,
    ),
  )
  const widen = (policy: NamedPolicy): NamedPolicy => {
    if (!attached.has(policy.name)) return policy
    const statement = policy.document.Statement.filter(
      ({ Effect, Condition }) => Effect === 'Allow' || Condition === undefined,
    ).map((one) => {
      const { Condition: _, ...unconditional } = one
      return unconditional
    })
    return { name: policy.name, document: { ...policy.document, Statement: statement } }
  }
  const kept = (policy: NamedPolicy): boolean => policy.document.Statement.length > 0
  return compilePolicies({
    guardrails: policies.guardrails.map(widen).filter(kept),
    identity: new Map([...policies.identity].map(([id, list]) => [id, list.map(widen).filter(kept)])),
    resource: policies.resource,
  })
}
