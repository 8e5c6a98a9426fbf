import type { Principal, Statement } from '../document.ts'
import { type Caller, linkedSessionId, readCaller } from '../match/caller.ts'

/** An account that no policy names. */
const strange = '111122223333'

/**
 * Callers of whom every class has one, as far as these statements can tell: each that is named, those behind and
 * before it, somebody else of each account, and one of every other kind.
 */
export function callersFor(statements: readonly Statement[]): readonly Caller[] {
  const ids = new Set<string>()
  const accounts = new Set<string>()
  for (const [type, value] of statements.flatMap(namesIn)) {
    if (value === '*') continue
    const account = /^(?:arn:aws[a-z-]*:(?:iam|sts)::)?(\d{12})(?::|$)/.exec(value)?.[1]
    if (account !== undefined) accounts.add(account)
    if (type !== 'AWS' || !/^\d{12}$/.test(value)) ids.add(value)
    for (const id of sessionsOf(value)) ids.add(id)
  }
  for (const account of [...accounts, strange]) for (const id of inAccount(account)) ids.add(id)
  for (const id of elsewhere) ids.add(id)
  return [...ids].map(readCaller)
}

function namesIn({ Principal, NotPrincipal }: Statement): readonly (readonly [string, string])[] {
  return [Principal, NotPrincipal].flatMap((principal: Principal | undefined) =>
    principal === undefined || typeof principal === 'string'
      ? []
      : Object.entries(principal).flatMap(([type, listed]) =>
          (typeof listed === 'string' ? [listed] : listed).map((value) => [type, value] as const),
        ),
  )
}

/** Sessions of a role or a user that a policy names, and the role a service's own and not: it means these as well. */
function sessionsOf(value: string): readonly string[] {
  const [, of, behind] = /^arn:(aws[a-z-]*:sts::\d{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(value) ?? []
  if (of !== undefined) {
    const role = `arn:${of.replace(':sts:', ':iam:')}:role/aws-service-role/example.amazonaws.com/${behind}`
    return [linkedSessionId(value, role) ?? value]
  }
  const [, partition, account, kind, path = ''] = /^arn:(aws[a-z-]*):iam::(\d{12}):(role|user)\/(.+)$/.exec(value) ?? []
  if (kind === 'role') {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const role = `arn:${partition}:iam::${account}:role`
    const session = `arn:${partition}:sts::${account}:assumed-role/${name}/example`
    const linked = `${role}/aws-service-role/example.amazonaws.com/${name}`
    return [session, `${role}/${name}`, linked, linkedSessionId(session, linked) ?? session]
  }
  return kind === 'user' ? [`arn:${partition}:sts::${account}:federated-user/${path}`] : []
}

function inAccount(account: string): readonly string[] {
  return [
    `arn:aws:iam::${account}:role/example`,
    `arn:aws:iam::${account}:role/aws-service-role/example.amazonaws.com/AWSServiceRoleForExample`,
    `arn:aws:iam::${account}:user/example`,
    `arn:aws:sts::${account}:assumed-role/example/session`,
    `arn:aws:sts::${account}:assumed-role/aws-service-role/example.amazonaws.com/AWSServiceRoleForExample/session`,
    `arn:aws:sts::${account}:federated-user/example`,
    `arn:aws:iam::${account}:root`,
    `arn:aws:iam::${account}:oidc-provider/example.com`,
  ]
}

const elsewhere = [
  'arn:sallyport:function:example:internal:example',
  'anonymous',
  'example.amazonaws.com',
  'somebody',
] as const
