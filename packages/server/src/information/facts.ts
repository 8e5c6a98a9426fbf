import { type Context, contextKeys, type Subject } from '@sallyport/core/access'

/** The facts about who asks, at the edge: what the token proved, whence the connection came, what is elevated now. */
export function subjectFacts(subject: Subject, elevatedRoles: readonly string[], country: string | undefined): Context {
  return {
    [contextKeys.roles]: subject.roles,
    [contextKeys.elevatedRoles]: elevatedRoles,
    [contextKeys.mfa]: subject.authentication?.mfa ?? false,
    [contextKeys.deviceManaged]: subject.device?.managed ?? false,
    ...(country === undefined ? {} : { [contextKeys.country]: country }),
  }
}

/** The facts about the person on whose behalf a function runs. Without one every key is absent, and `own` denies. */
export function transactionFacts(user: Subject | undefined, elevatedRoles: readonly string[]): Context {
  if (user === undefined) return {}
  return {
    [contextKeys.transactionUser]: user.name,
    [contextKeys.transactionRoles]: user.roles,
    [contextKeys.transactionElevatedRoles]: elevatedRoles,
    [contextKeys.transactionMfa]: user.authentication?.mfa ?? false,
  }
}
