import type { CompiledApp } from '../compile/compile-app.ts'

/**
 * What `sallyport policy NAME` prints: the IAM JSON attached to a function's identity, and to its routes and
 * operations. Undefined when there is no such function.
 */
export function policyOf({ policies }: CompiledApp, name: string): string | undefined {
  const owner = [...policies.identity.keys()].find((arn) => arn.endsWith(`:${name}`))
  if (owner === undefined) return undefined
  const identity = policies.identity.get(owner)?.map(({ document }) => document) ?? []
  const resource = [...policies.resource].filter(
    ([arn]) => arn.startsWith(`${owner}/`) || arn.startsWith(`${owner.replace(':function:', ':route:')}/`),
  )
  const shown = {
    function: owner,
    identityPolicies: identity,
    resourcePolicies: Object.fromEntries(resource.map(([arn, { document }]) => [arn, document])),
  }
  return JSON.stringify(shown, undefined, 2)
}
