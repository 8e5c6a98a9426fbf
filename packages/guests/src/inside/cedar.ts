import { readFileSync } from 'node:fs'

import * as cedar from '@cedar-policy/cedar-wasm/web'

import type { GuestInput, GuestPrincipal } from '../input.ts'
import type { LoadMessage, Said } from '../messages.ts'
import { withMaximumMemory } from './wasm-module.ts'

const pagesPerMb = 16
const setId = 'guest'
const types = { anonymous: 'Anonymous', user: 'User', function: 'Function', operator: 'Operator' } as const

/**
 * Loads Cedar policies. The engine is Cedar's own, with a maximum written into its memory, for as published it has
 * none. Throws what Cedar says of a text that it cannot parse.
 */
export function loadCedar({ policy, memoryMb }: LoadMessage): (input: GuestInput) => Said {
  const module = new URL('cedar_wasm_bg.wasm', import.meta.resolve('@cedar-policy/cedar-wasm/web'))
  const bounded = withMaximumMemory(readFileSync(module), memoryMb * pagesPerMb)
  cedar.initSync({ module: Buffer.from(bounded) })
  const text = Buffer.from(policy, 'base64').toString('utf8')
  const names = namesOf(text)
  const parsed = cedar.preparsePolicySet(setId, { staticPolicies: text })
  if (parsed.type === 'failure') throw new TypeError(words(parsed.errors))
  warmUp()
  return (input) => {
    const answer = cedar.statefulIsAuthorized({ ...callOf(input), preparsedPolicySetId: setId })
    if (answer.type === 'failure') return { fault: 'guest.faulty', detail: words(answer.errors) }
    const { decision, diagnostics } = answer.response
    // Cedar leaves out a policy whose condition cannot be evaluated, and a forbid that is left out forbids nothing.
    const [error] = diagnostics.errors
    if (error !== undefined) {
      const where = names.get(error.policyId) ?? error.policyId
      return { fault: 'guest.faulty', detail: `${where}: ${error.error.message}` }
    }
    const because = diagnostics.reason.map((id) => names.get(id) ?? id).join(', ')
    return { verdict: decision, detail: because === '' ? 'no policy permits it' : because }
  }
}

/** Has the engine's code compiled, so that not the first request waits for it. What it says does not count. */
function warmUp(): void {
  const nobody = { kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] } as const
  const input = { principal: nobody, action: 'none', resource: 'none', context: {}, actors: [], transaction: '' }
  cedar.statefulIsAuthorized({ ...callOf(input), preparsedPolicySetId: setId })
}

/** Policy id → the `@id` that its author gave it. Cedar numbers the policies of a text, and lists them by those ids. */
function namesOf(text: string): ReadonlyMap<string, string> {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') throw new TypeError(words(parts.errors))
  if (parts.policy_templates.length > 0) throw new TypeError('a template stands for nothing until it is linked')
  if (parts.policies.length === 0) throw new TypeError('there is no policy in it')
  const ids = parts.policies.map((_, index) => `policy${index}`).toSorted()
  const named = parts.policies.map((policy, index): readonly [string, string] => {
    const json = cedar.policyToJson(policy)
    const id = ids[index] ?? ''
    return [id, json.type === 'success' ? (json.json.annotations?.['id'] ?? id) : id]
  })
  return new Map(named)
}

function words(errors: readonly { readonly message: string }[]): string {
  return errors.map(({ message }) => message).join('; ')
}

type Call = Omit<Parameters<typeof cedar.statefulIsAuthorized>[0], 'preparsedPolicySetId'>

/** The request and its entities: people with their roles as parents, functions and resources with their zones. */
function callOf({ principal, action, resource, context, user, actors, transaction }: GuestInput): Call {
  const [, , , , zone = ''] = resource.split(':')
  const people = user === undefined || user.id === principal.id ? [principal] : [principal, user]
  const inZone = resource.startsWith('arn:sallyport:') && zone !== ''
  return {
    principal: uidOf(principal),
    action: { type: 'Action', id: action },
    resource: { type: 'Resource', id: resource },
    context: {
      ...Object.fromEntries(Object.entries(context).map(([key, value]) => [key, cedarValue(value)])),
      actors: [...actors],
      transaction,
      ...(user === undefined ? {} : { user: { __entity: uidOf(user) } }),
    },
    entities: [
      ...people.map((one) => ({
        uid: uidOf(one),
        attrs: attributesOf(one),
        parents: [
          ...one.roles.map((role) => ({ type: 'Role', id: role })),
          ...(one.zone === undefined ? [] : [{ type: 'Zone', id: one.zone }]),
        ],
      })),
      {
        uid: { type: 'Resource', id: resource },
        attrs: { arn: resource },
        parents: inZone ? [{ type: 'Zone', id: zone }] : [],
      },
    ],
  }
}

function uidOf({ kind, id }: GuestPrincipal): { type: string; id: string } {
  return { type: types[kind], id }
}

function attributesOf(principal: GuestPrincipal): Record<string, string | number | boolean | string[]> {
  const { kind: _kind, id: _id, roles, methods, ...rest } = principal
  return { ...rest, roles: [...roles], ...(methods === undefined ? {} : { methods: [...methods] }) }
}

/** Cedar has whole numbers only; another one is its decimal text. */
function cedarValue(value: string | number | boolean | readonly string[]): string | number | boolean | string[] {
  if (typeof value === 'object') return [...value]
  return typeof value === 'number' && !Number.isSafeInteger(value) ? String(value) : value
}
