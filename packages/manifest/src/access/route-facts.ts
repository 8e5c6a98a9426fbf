import type { Route } from '../app.ts'
import type { Assurance } from '../people.ts'
import { showDuration } from '../source/units.ts'
import { type AccessFact, bound, grant, measure, opaque, restraint } from './facts.ts'

/** Who may call a route, how often, with what, and how they must have signed in. */
export function routeFacts(name: string, route: Route): readonly AccessFact[] {
  const anyone = `anyone may call ${route.key} (${name})`
  const schema = route.bodySchemaFile
  const limit = route.limit
  return [
    ...(route.anyone
      ? [grant(anyone)]
      : route.who.map((role) => grant(`${role} may call ${route.key} (${name})`, anyone))),
    measure(
      `limit ${route.key}`,
      limit === undefined ? Infinity : limit.calls / limit.perMs,
      limit === undefined
        ? `${route.key} has no limit`
        : `${route.key} takes ${limit.calls} calls per ${showDuration(limit.perMs)} from one subject`,
    ),
    ...assuranceFacts(route.key, route.assurance),
    schema === undefined
      ? measure(`body ${route.key}`, 2, `${route.key} takes any body`)
      : opaque(`body ${route.key}`, `${route.key} takes bodies of ${schema.path} (${schema.digest.slice(0, 12)})`),
    measure(
      `size ${route.key}`,
      route.maxBodyBytes,
      `${route.key} takes bodies of at most ${route.maxBodyBytes} bytes`,
    ),
  ]
}

/** What is demanded of a sign-in: each demand that goes opens, and so does a sign-in that may be older. */
export function assuranceFacts(what: string, assurance: Assurance | undefined): readonly AccessFact[] {
  const { maxAgeSeconds, mfa = false, scopes = [] } = assurance ?? {}
  return [
    ...(maxAgeSeconds === undefined
      ? []
      : [
          bound(
            `max-age ${what}`,
            maxAgeSeconds,
            `${what} needs a sign-in of the last ${showDuration(maxAgeSeconds * 1_000)}`,
          ),
        ]),
    ...(mfa ? [restraint(`${what} needs a second factor`)] : []),
    ...scopes.map((scope) => restraint(`${what} needs the scope ${scope}`)),
  ]
}
