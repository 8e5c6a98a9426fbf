import type { AccessRequest, Context } from '@sallyport/core/access'
import { assemble, decide, type PolicySet, type Proof, unreachable } from '@sallyport/core/policy'

import type { App } from '../app.ts'
import type { Position } from '../position.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { describeObject } from '../ask/describe-object.ts'
import type { Party } from './party.ts'

/** Something that a proof asks about. */
export interface Target {
  readonly label: string
  readonly resource: string
  /** One action on that resource; absent for whatever may be done to a table and its indexes. */
  readonly action?: string
}

/** Whether a party can ever have a target, and by which rule. */
export type Reach =
  | { readonly kind: 'never' }
  | {
      readonly kind: 'reached'
      readonly witness: AccessRequest
      readonly rule: string | undefined
      readonly at?: Position
    }
  | { readonly kind: 'unknown'; readonly code: string; readonly message: string }

/** What an object's text stands for, as targets; a table's name alone stands for everything done to it. */
export function targetsOf(app: App, text: string): readonly Target[] | undefined {
  const table = app.tables.find(({ name }) => name === text.trim())
  if (table !== undefined) return [{ label: table.name, resource: table.arn }]
  const object = describeObject(app, text)
  return object.kind === 'objects'
    ? object.objects.map(({ label, action, resource }) => ({ label, action, resource }))
    : undefined
}

/** Asks whether any request of the party for the target is allowed, whatever the facts that are not given. */
export function reach(compiled: CompiledApp, party: Party, target: Target): Reach {
  const { action, resource } = target
  const set = policiesFor(compiled, party.caller, resource)
  const anything = action === undefined ? { Action: 'dynamodb:*', Resource: [resource, `${resource}/*`] } : {}
  const proof: Proof = unreachable(set, [{ ...anything, Condition: party.facts }], {
    caller: party.caller,
    ...(action === undefined ? {} : { action, resource }),
  })
  if (proof.holds === true) return { kind: 'never' }
  if (proof.holds === 'unknown') return { kind: 'unknown', code: proof.code, message: proof.message }
  const decision = decide(set, [proof.witness])
  const rule = decision.reasons[0]?.rule
  const at = rule === undefined ? undefined : compiled.origins.get(rule)
  return { kind: 'reached', witness: proof.witness, rule, ...(at === undefined ? {} : { at }) }
}

/** The facts of a witness in words: `with sallyport:Roles ["support"]`; empty where it has none. */
export function inWords(context: Context, unsaid: readonly string[] = []): string {
  const facts = Object.entries(context)
    .filter(([key]) => !unsaid.includes(key))
    .map(([key, value]) => `${key} ${shortened(JSON.stringify(value))}`)
  return facts.length === 0 ? '' : ` with ${facts.join(', ')}`
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 60)}… (${text.length} characters)` : text
}

function policiesFor({ authority }: CompiledApp, caller: string, resource: string): PolicySet {
  return assemble({
    guardrails: authority.guardrails,
    resource: authority.resource.get(resource),
    identity: authority.identity.get(caller),
  })
}
