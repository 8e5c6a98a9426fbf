import { contextKeys } from '@sallyport/core/access'
import { riskLevels } from '@sallyport/core/identity'
import type { Statement } from '@sallyport/core/policy'

import type { App, Role } from '../app.ts'
import type { Assurance } from '../people.ts'
import { countingAs } from './inheritance.ts'

/** The `Condition` of a compiled statement: operator → key → values, all of which must hold. */
export type Condition = NonNullable<Statement['Condition']>

/** What must be true of a caller for a role to count at a route: held, and every demand of `people` met. */
export function roleCondition(role: Role): Condition {
  return {
    'ForAnyValue:StringEquals': {
      [contextKeys.roles]: [role.name],
      ...(role.jit === undefined ? {} : { [contextKeys.elevatedRoles]: [role.name] }),
    },
    ...bools({
      [contextKeys.mfa]: role.mfa,
      [contextKeys.deviceManaged]: role.managedDevice,
      [contextKeys.signalsFresh]: role.freshSignals === true,
    }),
    ...(role.countries.length === 0 ? {} : { StringEquals: { [contextKeys.country]: role.countries } }),
    ...riskAtMost(role),
  }
}

/**
 * The same for the person on whose behalf a function runs. Their device and country were judged at the edge, and
 * no key carries them inward; MFA and elevation are asked again.
 */
export function transactionRoleCondition(role: Role): Condition {
  return {
    'ForAnyValue:StringEquals': {
      [contextKeys.transactionRoles]: [role.name],
      ...(role.jit === undefined ? {} : { [contextKeys.transactionElevatedRoles]: [role.name] }),
    },
    ...bools({ [contextKeys.transactionMfa]: role.mfa }),
    Null: { [contextKeys.transactionUser]: 'false' },
  }
}

/**
 * A grant's statements, one each: for anybody, or for every role that the person behind the call may hold. `parts`
 * complete the Sid. A role that is not declared makes no statement, and so grants nothing.
 */
export function forPeople(
  app: App,
  forRoles: readonly string[],
): readonly { readonly parts: readonly string[]; readonly conditioned: Pick<Statement, 'Condition'> }[] {
  if (forRoles.length === 0) return [{ parts: [], conditioned: {} }]
  return countingAs(app, forRoles).map((role) => ({
    parts: [`for-${role.name}`],
    conditioned: { Condition: transactionRoleCondition(role) },
  }))
}

/**
 * For administration: MFA always, the managed device where the role says so. Elevation is not asked, for one could
 * not approve the first; nor the country, for the local socket has none.
 */
export function administratorCondition(role: Role): Condition {
  return {
    'ForAnyValue:StringEquals': { [contextKeys.roles]: [role.name] },
    ...bools({
      [contextKeys.mfa]: true,
      [contextKeys.deviceManaged]: role.managedDevice,
      [contextKeys.signalsFresh]: role.freshSignals === true,
    }),
    ...riskAtMost(role),
  }
}

/** Of whom no stream ever said anything, none sees a risk: that streams are heard is another demand. */
function riskAtMost({ maxRisk }: Role): Condition {
  if (maxRisk === undefined) return {}
  const accepted = riskLevels.slice(0, riskLevels.indexOf(maxRisk) + 1)
  return { StringEqualsIfExists: { [contextKeys.risk]: accepted } }
}

/**
 * What must be true of a sign-in for each demand to be *unmet*, with a name for it: conditions of denies. A fact that
 * is not there counts as unmet, for `IfExists` holds without one.
 */
export function unmetConditions(assurance: Assurance | undefined): readonly (readonly [string, Condition])[] {
  if (assurance === undefined) return []
  const { maxAgeSeconds, mfa, scopes } = assurance
  return [
    ...(maxAgeSeconds === undefined
      ? []
      : [
          [
            'max-age',
            { NumericGreaterThanIfExists: { [contextKeys.authenticationAge]: String(maxAgeSeconds) } },
          ] as const,
        ]),
    ...(mfa ? [['mfa', { BoolIfExists: { [contextKeys.mfa]: 'false' } }] as const] : []),
    ...scopes.map(
      (scope) => [`scope-${scope}`, { 'ForAllValues:StringNotEquals': { [contextKeys.scopes]: [scope] } }] as const,
    ),
  ]
}

/** Joins two conditions; keys under one operator are united. */
export function both(a: Condition, b: Condition): Condition {
  const operators = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(operators.map((operator) => [operator, { ...a[operator], ...b[operator] }]))
}

function bools(demands: Readonly<Record<string, boolean>>): Condition {
  const demanded = Object.entries(demands)
    .filter(([, needed]) => needed)
    .map(([key]): [string, string] => [key, 'true'])
  return demanded.length === 0 ? {} : { Bool: Object.fromEntries(demanded) }
}
