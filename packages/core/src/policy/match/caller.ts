/** What kind of principal asks (IAM, "AWS JSON policy elements: Principal"). `ours` are Sallyport's own subjects. */
export type CallerKind =
  | 'user'
  | 'role'
  | 'role-session'
  | 'federated-user'
  | 'root'
  | 'service'
  | 'provider'
  | 'anonymous'
  | 'ours'
  | 'other'

/**
 * How closely a resource policy names a caller: not at all; only its account, which then still asks its own policies;
 * the role or user behind its session, whose boundary and session policy still limit it; or itself.
 */
export type Grade = 0 | 1 | 2 | 3

/** The caller of one request, taken apart once. */
export interface Caller {
  readonly kind: CallerKind
  readonly id: string
  /** Twelve digits; undefined for whoever belongs to no account. */
  readonly account: string | undefined
  /** By which a policy may name this caller, as `principalName` writes them, closest first. */
  readonly names: readonly string[]
  /** The grade that each of `names` gives. */
  readonly grades: readonly Grade[]
  /** Every one of which NotPrincipal must list before it spares this caller. */
  readonly chain: readonly string[]
  /** A role that a service keeps for itself: an organization's control policies do not reach it. */
  readonly linked: boolean
}

/**
 * Reads a principal's ARN, a service principal's name or `anonymous`. Never fails: what it does not know is a caller of
 * kind `other`, whom a policy can only name by exactly this text.
 */
export function readCaller(id: string): Caller {
  const known = remembered.get(id)
  if (known !== undefined) return known
  const caller = describe(id)
  // Bounded: a caller from outside may choose a session's name.
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(id, caller)
  return caller
}

const remembered = new Map<string, Caller>()
const mostRemembered = 4096

function describe(id: string): Caller {
  if (id === 'anonymous') return plain('anonymous', id, [])
  if (id.startsWith('arn:sallyport:')) return plain('ours', id, [`Sallyport:${id}`, `AWS:${id}`])
  const arn = /^arn:(aws[a-z-]*):(iam|sts)::(\d{12}):([a-z-]+)(?:\/(.+))?$/.exec(id)
  const [, partition = '', service, account = '', type, path = ''] = arn ?? []
  const of = (kind: CallerKind, closer: readonly (readonly [string, Grade])[]): Caller => {
    const named: readonly (readonly [string, Grade])[] = [...closer, [`account:${account}`, kind === 'root' ? 3 : 1]]
    const names = named.map(([name]) => name)
    return { kind, id, account, names, grades: named.map(([, grade]) => grade), chain: names, linked: false }
  }
  switch (`${service}:${type}`) {
    case 'iam:user':
      return of('user', [[`AWS:${id}`, 3]])
    case 'iam:role':
      return { ...of('role', [[principalName('AWS', id), 2]]), linked: path.startsWith('aws-service-role/') }
    case 'iam:root':
      return of('root', [])
    case 'sts:assumed-role': {
      const kept = linkedSession.exec(path)
      const shown = kept?.[1] ?? path
      const role = `AWS:arn:${partition}:iam::${account}:role/${shown.slice(0, shown.indexOf('/'))}`
      const session = of('role-session', [
        [`AWS:arn:${partition}:sts::${account}:assumed-role/${shown}`, 3],
        [role, 2],
      ])
      return { ...session, linked: kept !== null }
    }
    case 'sts:federated-user': {
      // The session's name is what the request tells of the user behind it.
      const session = of('federated-user', [
        [`AWS:${id}`, 3],
        [`AWS:arn:${partition}:iam::${account}:user/${path}`, 2],
      ])
      return { ...session, chain: [`AWS:${id}`, `account:${account}`] }
    }
    case 'iam:oidc-provider':
    case 'iam:saml-provider':
      return { ...plain('provider', id, [`Federated:${id}`]), account }
    default:
      return isServiceName(id)
        ? { ...plain('service', id, [`Service:${id}`, `Federated:${id}`]), chain: [`Service:${id}`] }
        : plain('other', id, [`AWS:${id}`, `CanonicalUser:${id}`, `Federated:${id}`])
  }
}

function plain(kind: CallerKind, id: string, names: readonly string[]): Caller {
  return { kind, id, account: undefined, names, grades: names.map(() => 3), chain: names.slice(0, 1), linked: false }
}

/** `lambda.amazonaws.com`, and what an identity provider is known by: `accounts.google.com`. */
function isServiceName(id: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(id)
}

/** What follows `assumed-role/` where `linkedSessionId` wrote it: no session has a slash in its name. */
const linkedSession = /^aws-service-role\/[^/]+\/([^/]+\/[^/]+)$/

/**
 * A session's id with its role's path, which its ARN does not show: `arn:…:assumed-role/aws-service-role/SERVICE/ROLE/
 * SESSION`. By it the session is known as one of a role that a service keeps for itself; policies name it as ever.
 * Undefined where the role is not the session's own, or none of those: a role's name alone says nothing, anybody may
 * call a role `AWSServiceRoleForSomething`.
 */
export function linkedSessionId(session: string, role: string): string | undefined {
  const kept = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(aws-service-role\/[^/]+\/[^/]+)$/.exec(role)
  if (kept === null) return undefined
  const [, partition, account, path = ''] = kept
  const own = `arn:${partition}:sts::${account}:assumed-role/`
  const name = `${path.slice(path.lastIndexOf('/') + 1)}/`
  const rest = session.slice(own.length + name.length)
  return session.startsWith(own + name) && rest !== '' && !rest.includes('/') ? `${own}${path}/${rest}` : undefined
}

/** Whether a name, as `principalName` writes it, is an account's. */
export function isAccountName(name: string): boolean {
  return name.startsWith('account:')
}

/**
 * A name in a policy, written the one way in which callers are looked for: the account for all its spellings, a role
 * without its path, which a session's ARN does not show (role names are unique in an account).
 */
export function principalName(type: string, value: string): string {
  if (type !== 'AWS') return `${type}:${value}`
  const account = /^(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?$/.exec(value)?.[1]
  if (account !== undefined && value.startsWith('arn:') === value.endsWith(':root')) return `account:${account}`
  return `AWS:${value.replace(/^(arn:aws[a-z-]*:iam::\d{12}:role\/).*\//, '$1')}`
}
