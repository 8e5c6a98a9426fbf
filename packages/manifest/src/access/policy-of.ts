import type { App, AttachedPolicy } from '../app.ts'
import type { Guest } from '../guest.ts'
import type { CompiledApp } from '../compile/compile-app.ts'

/**
 * What `sallyport policy NAME` prints: the IAM JSON attached to a function's identity, and to its routes and
 * operations, and every file that is attached: IAM documents of the identity, guardrails, and the guests that are
 * asked about what it does. Undefined when there is no such function.
 */
export function policyOf({ policies }: CompiledApp, app: App, name: string): string | undefined {
  const owner = [...policies.identity.keys()].find((arn) => arn.endsWith(`:${name}`))
  if (owner === undefined) return undefined
  const identity = policies.identity.get(owner)?.map(({ document }) => document) ?? []
  const resource = [...policies.resource].filter(
    ([arn]) => arn.startsWith(`${owner}/`) || arn.startsWith(`${owner.replace(':function:', ':route:')}/`),
  )
  const attached = attachedTo(app, name)
  const shown = {
    function: owner,
    identityPolicies: identity,
    resourcePolicies: Object.fromEntries(resource.map(([arn, { document }]) => [arn, document])),
    ...(attached.length === 0 ? {} : { attached }),
  }
  return JSON.stringify(shown, undefined, 2)
}

type Attached = { readonly file: string; readonly digest: string } & (
  | { readonly kind: 'identity' | 'guardrail' }
  | {
      readonly kind: 'guest'
      readonly engine: Guest['engine']
      readonly name: string
      /** What it is asked about. Whatever it says, it allows nothing that the documents do not. */
      readonly narrows: readonly string[]
    }
)

function attachedTo(app: App, name: string): readonly Attached[] {
  const documents = (kind: 'identity' | 'guardrail', list: readonly AttachedPolicy[] = []): readonly Attached[] =>
    list.map(({ name: file, digest }) => ({ kind, file, digest }))
  const guests = (app.guests ?? []).filter(({ of }) => of === undefined || of.includes(name))
  return [
    ...documents('identity', app.functions.find((one) => one.name === name)?.identityPolicies),
    ...documents('guardrail', app.guardrailPolicies),
    ...guests.map(({ file, digest, engine, name: guest, asks }): Attached => {
      const narrows = asks.length === 0 ? ['every request'] : [...new Set(asks.map(({ text }) => text))]
      return { kind: 'guest', file, digest, engine, name: guest, narrows }
    }),
  ]
}
