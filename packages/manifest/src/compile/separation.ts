import { contextKeys } from '@sallyport/core/access'
import type { NamedPolicy, Statement } from '@sallyport/core/policy'

import type { App, Role } from '../app.ts'
import type { Separation } from '../people.ts'
import type { Condition } from './conditions.ts'
import { countingAs } from './inheritance.ts'
import type { Rules } from './rules.ts'

/**
 * Separation of duty → denies: `static`, that one person holds both roles; `dynamic`, that both are active, which for
 * a role with `jit` means elevated. Asked at every door, of whoever asks and of the person behind a function, so that
 * it also holds for people whose roles another issuer states.
 */
export function compileSeparations(app: App, rules: Rules): readonly NamedPolicy[] {
  return (app.separations ?? []).map((separation, index) => ({
    name: `separation/${index + 1}`,
    document: { Version: '2012-10-17', Statement: statements(app, separation, rules) },
  }))
}

/** Where the roles of a person stand. */
interface Keys {
  readonly held: string
  readonly elevated: string
}

const own: Keys = { held: contextKeys.roles, elevated: contextKeys.elevatedRoles }
const behind: Keys = { held: contextKeys.transactionRoles, elevated: contextKeys.transactionElevatedRoles }

function statements(app: App, { kind, roles, at }: Separation, rules: Rules): readonly Statement[] {
  return [own, behind].flatMap((keys) =>
    pairsOf(roles).map(([one, other]) =>
      rules.statement(['separation', kind, one, other], at, {
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: bothOf(active(app, kind, one, keys), active(app, kind, other, keys)),
      }),
    ),
  )
}

/** Under which key who counts as a role shows, and which roles do so. */
function active(
  app: App,
  kind: Separation['kind'],
  name: string,
  keys: Keys,
): { readonly key: string; readonly names: readonly string[] } {
  const needsElevation = kind === 'dynamic' && app.people.some((role) => role.name === name && role.jit !== undefined)
  const names = countingAs({ people: app.people.map(withoutDemands) }, [name]).map((role) => role.name)
  return { key: needsElevation ? keys.elevated : keys.held, names: needsElevation ? [name] : names }
}

/** Whatever a role demands, whoever holds it holds it: a proof that is missing must not unite what is separate. */
function withoutDemands(role: Role): Role {
  return { ...role, countries: [] }
}

/** Two demands of one list need two operators, for within one of them the values are alternatives. */
function bothOf(
  one: { readonly key: string; readonly names: readonly string[] },
  other: { readonly key: string; readonly names: readonly string[] },
): Condition {
  return {
    'ForAnyValue:StringEquals': { [one.key]: one.names },
    'ForAnyValue:StringLike': { [other.key]: other.names },
  }
}

/** Every two of a list. */
export function pairsOf(names: readonly string[]): readonly (readonly [string, string])[] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other] as const))
}
