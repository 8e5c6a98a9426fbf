import { actions, arn } from '@sallyport/core/access'
import type { NamedPolicy } from '@sallyport/core/policy'

import type { App, FunctionDeclaration, Route } from '../app.ts'
import { forPeople, roleCondition, unmetConditions } from './conditions.ts'
import { countingAs } from './inheritance.ts'
import type { Rules } from './rules.ts'

/** `who` → the route's resource policy: one statement per role, so that an allow names the role that earned it. */
export function compileRoutes(app: App, rules: Rules): readonly (readonly [string, NamedPolicy])[] {
  return app.functions.flatMap((one) =>
    one.routes.map(
      (route) =>
        [
          route.arn,
          {
            name: `route/${route.key}`,
            document: { Version: '2012-10-17', Statement: statements(app, one, route, rules) },
          },
        ] as const,
    ),
  )
}

function statements(
  app: App,
  one: FunctionDeclaration,
  route: Route,
  rules: Rules,
): NamedPolicy['document']['Statement'] {
  const allow = { Effect: 'Allow', Principal: '*', Action: actions.callRoute, Resource: route.arn } as const
  if (route.anyone) return [rules.statement(['route', one.name, route.key, 'anyone'], route.at, allow)]
  const demands = unmetConditions(route.assurance).map(([demand, Condition]) =>
    rules.statement(['route', one.name, route.key, 'unless', demand], route.at, {
      ...allow,
      Effect: 'Deny',
      Condition,
    }),
  )
  const allows = countingAs(app, route.who).map((role) =>
    rules.statement(['route', one.name, route.key, role.name], route.at, {
      ...allow,
      Condition: roleCondition(role),
    }),
  )
  return [...allows, ...demands]
}

/**
 * `offers` → one resource policy per operation, naming exactly the callers whose `can` names it. An operation that
 * nobody was granted has no policy, and both sides must allow. A grant that is tied to roles is tied on both: either
 * would do for what `can` says, but a document under `policies` may widen the caller's side, and never this one.
 */
export function compileOffers(app: App, rules: Rules): readonly (readonly [string, NamedPolicy])[] {
  return app.functions.flatMap((one) =>
    one.offers.flatMap((operation) => {
      const resource = arn.operation(app.name, one.zone, one.name, operation)
      const callers = app.functions.flatMap((caller) =>
        caller.can.flatMap((permission) =>
          permission.kind === 'function' && permission.target === one.name && permission.operation === operation
            ? forPeople(app, permission.forRoles).map((people) => ({ caller, at: permission.at, ...people }))
            : [],
        ),
      )
      if (callers.length === 0) return []
      const statement = callers.map(({ caller, at, parts, conditioned }) =>
        rules.statement(['offer', one.name, operation, 'to', caller.name, ...parts], at, {
          Effect: 'Allow',
          Principal: { AWS: caller.arn },
          Action: actions.invokeFunction,
          Resource: resource,
          ...conditioned,
        }),
      )
      return [
        [
          resource,
          { name: `offer/${one.name}.${operation}`, document: { Version: '2012-10-17', Statement: statement } },
        ] as const,
      ]
    }),
  )
}
