import { contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { App, FunctionDeclaration, Permission, Role } from '../app.ts'
import { countingAs } from '../compile/inheritance.ts'
import { showPosition } from '../source/faults.ts'
import { requestFix } from './person.ts'
import { flag, holds, text } from './read-context.ts'
import { reword, type Facts } from './wording.ts'

type OperationPermission = Exclude<Permission, { kind: 'table' }>

/** The caller's grant of an operation, where it is tied to roles. `label` is `stripe.refund`. */
export function grantFor(
  caller: FunctionDeclaration | undefined,
  kind: OperationPermission['kind'],
  label: string,
): OperationPermission | undefined {
  return caller?.can.find(
    (one): one is OperationPermission =>
      one.kind !== 'table' &&
      one.kind === kind &&
      `${one.target}.${one.operation}` === label &&
      one.forRoles.length > 0,
  )
}

/**
 * Why an operation is not for the person behind this call. An elevation is the one thing that they can mend. No grant
 * is offered: the line ties the operation to people on purpose, and it would untie it for everybody.
 */
export function explainPerson(
  reason: Reason,
  facts: Facts,
  { kind, forRoles, at }: OperationPermission,
  request: AccessRequest,
  app: App,
): Reason {
  const roles = countingAs(app, forRoles)
  const almost = roles.find((role) => lacksOnlyElevation(role, request))
  const who = text(request, contextKeys.transactionUser) ?? ''
  const fix = almost === undefined ? {} : requestFix(app, who, almost.name, `for ${facts.object}`)
  const detail = roles.map(withProofs).join('; or for ')
  return reword(reason, `${kind}.not_granted_for`, { ...facts, detail }, { at: showPosition(at), ...fix })
}

/** `admin, with two factors and elevated` */
function withProofs({ name, mfa, jit }: Role): string {
  const proofs = [...(mfa ? ['with two factors'] : []), ...(jit === undefined ? [] : ['elevated'])]
  return proofs.length === 0 ? name : `${name}, ${proofs.join(' and ')}`
}

function lacksOnlyElevation({ name, mfa, jit }: Role, request: AccessRequest): boolean {
  const proved =
    holds(request, contextKeys.transactionRoles, name) && (!mfa || flag(request, contextKeys.transactionMfa))
  return proved && jit !== undefined && !holds(request, contextKeys.transactionElevatedRoles, name)
}
