import { arn, contextKeys } from '@sallyport/core/access'

import type { App, FunctionDeclaration } from '../app.ts'
import type { Condition } from '../compile/conditions.ts'

/** Somebody about whom something is proved, whatever else is true of them. */
export interface Party {
  /** As a person would name them. */
  readonly label: string
  /** What the policy engine knows them by. */
  readonly caller: string
  /** What is true of every request of theirs; every other fact may be anything. */
  readonly facts: Condition
}

/** Which roles a person may hold. */
export type Roles =
  /** Any, but none of these. */
  | { readonly without: readonly string[] }
  /** Any of these, and no other. */
  | { readonly among: readonly string[] }

const behind = [
  contextKeys.transactionUser,
  contextKeys.transactionRoles,
  contextKeys.transactionElevatedRoles,
  contextKeys.transactionMfa,
]
const ownRoles = [contextKeys.roles, contextKeys.elevatedRoles]
const factors = [contextKeys.mfa, contextKeys.deviceManaged]

/** Nobody in particular, from the internet, without any proof. */
export function strangerParty(): Party {
  return {
    label: 'anyone',
    caller: 'anonymous',
    facts: {
      StringEquals: { [contextKeys.sourceZone]: 'internet' },
      Null: valued([...ownRoles, ...behind], 'true'),
      BoolIfExists: valued(factors, 'false'),
    },
  }
}

/** Somebody who signed in, from the internet: every device, country, factor and elevation is possible. */
export function personParty(app: App, label: string, roles: Roles): Party {
  return {
    label,
    caller: arn.user(app.name, 'somebody'),
    facts: {
      StringEquals: { [contextKeys.sourceZone]: 'internet' },
      Null: valued(behind, 'true'),
      ...holding(ownRoles, roles),
    },
  }
}

/** A function, on behalf of anybody or nobody, or of a person with these roles at most. */
export function functionParty(one: FunctionDeclaration, roles: Roles | 'nobody' = { without: [] }): Party {
  return {
    label: one.name,
    caller: one.arn,
    facts: {
      StringEquals: { [contextKeys.sourceZone]: one.zone },
      Null: valued([...ownRoles, ...factors, ...(roles === 'nobody' ? behind : [])], 'true'),
      ...(roles === 'nobody'
        ? {}
        : holding([contextKeys.transactionRoles, contextKeys.transactionElevatedRoles], roles)),
    },
  }
}

/** `ForAllValues` holds for nobody's roles too: whoever holds none is among all of these. */
function holding(keys: readonly string[], roles: Roles): Condition {
  if ('among' in roles) {
    return roles.among.length === 0
      ? { 'ForAllValues:StringEquals': valued(keys, '') }
      : { 'ForAllValues:StringEquals': valued(keys, roles.among) }
  }
  return roles.without.length === 0 ? {} : { 'ForAllValues:StringNotEquals': valued(keys, roles.without) }
}

function valued<Value>(keys: readonly string[], value: Value): Readonly<Record<string, Value>> {
  return Object.fromEntries(keys.map((key) => [key, value]))
}
