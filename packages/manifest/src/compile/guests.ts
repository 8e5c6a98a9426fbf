import { actions, contextKeys, type AccessRequest } from '@sallyport/core/access'
import type { NamedPolicy, Statement } from '@sallyport/core/policy'

import type { App } from '../app.ts'
import type { Guest, GuestScope } from '../guest.ts'
import type { Rules } from './rules.ts'

/** Every action that is not ours is AWS's. */
const anyAwsAction = 'aws'

const ofTheData: ReadonlySet<string> = new Set([actions.callRoute, actions.invokeFunction, actions.useDoor])

/** The kinds of requests that a guest may be asked about → their actions. */
export const guestKinds: Readonly<Record<string, readonly string[]>> = {
  routes: [actions.callRoute],
  functions: [actions.invokeFunction],
  doors: [actions.useDoor],
  aws: [anyAwsAction],
  administration: Object.values(actions).filter((action) => !ofTheData.has(action)),
}

/**
 * Whether a guest is asked about a request. Where this and the statements below ever disagree, a verdict is missing
 * that a statement demands, and the request is denied.
 */
export function isAskedOf({ asks, of }: Guest, { action, resource, subject, refusal }: AccessRequest): boolean {
  if (refusal !== undefined) return false
  if (of !== undefined && !of.includes(subject.name)) return false
  return (
    asks.length === 0 ||
    asks.some(
      (scope) =>
        (scope.action === anyAwsAction ? !action.startsWith('sallyport:') : scope.action === action) &&
        (scope.resource === undefined || scope.resource === resource),
    )
  )
}

/** Guests that are asked of everybody: guardrails. */
export function compileGuests(app: App, rules: Rules): readonly NamedPolicy[] {
  return (app.guests ?? []).filter(({ of }) => of === undefined).map((guest) => compileGuest(guest, rules))
}

/** Guests that are asked of this function alone: denies among its identity's own policies. */
export function compileGuestsOf(app: App, functionName: string, rules: Rules): readonly NamedPolicy[] {
  return (app.guests ?? [])
    .filter(({ of }) => of?.includes(functionName) === true)
    .map((guest) => compileGuest(guest, rules))
}

/**
 * Denies unless the guest said `allow`. The operator is negated, so that an absent verdict denies: from a guest that
 * was late, that failed, that was not asked.
 */
function compileGuest(guest: Guest, rules: Rules): NamedPolicy {
  const deny = (about: Pick<Statement, 'Action' | 'NotAction' | 'Resource'>): Statement =>
    rules.statement(['guest', guest.name], guest.at, {
      Effect: 'Deny',
      ...about,
      Condition: { StringNotEquals: { [`${contextKeys.guest}/${guest.name}`]: 'allow' } },
    })
  const statement = guest.asks.length === 0 ? [deny({ Action: '*', Resource: '*' })] : guest.asks.map(scopeOf).map(deny)
  return { name: `guest/${guest.name}`, document: { Version: '2012-10-17', Statement: statement } }
}

function scopeOf({ action, resource = '*' }: GuestScope): Pick<Statement, 'Action' | 'NotAction' | 'Resource'> {
  return action === anyAwsAction
    ? { NotAction: 'sallyport:*', Resource: resource }
    : { Action: action, Resource: resource }
}
