import type { Principal, Statement } from '../document.ts'

/** The caller itself; the role or user behind its session; only its account. */
export type Meant = 'itself' | 'behind-session' | 'account'

/** How a statement's Principal or NotPrincipal means a caller; undefined when it does not. */
export function meantBy(statement: Statement, caller: string, hasBoundary: boolean): Meant | undefined {
  if (statement.Principal !== undefined) return namedBy(statement.Principal, caller)
  if (statement.NotPrincipal === undefined) return 'itself'
  return !hasBoundary && isSpared(statement.NotPrincipal, caller) ? undefined : 'itself'
}

function namedBy(principal: Principal, caller: string): Meant | undefined {
  const meanings = namesIn(principal).map(([type, name]) => meaningOf(type, name, caller))
  return (['itself', 'behind-session', 'account'] as const).find((meant) => meanings.includes(meant))
}

/** NotPrincipal has to list the session, its role and its account; the user and its account; or the one there is. */
function isSpared(principal: Principal, caller: string): boolean {
  const names = namesIn(principal)
  const lists = (meant: Meant): boolean => names.some(([type, name]) => meaningOf(type, name, caller) === meant)
  if (names.some(([type, name]) => name === '*' && meaningOf(type, name, caller) !== undefined)) return true
  switch (kindOf(caller)) {
    case 'session':
      return lists('itself') && lists('behind-session') && lists('account')
    case 'role':
      return lists('behind-session') && lists('account')
    case 'user':
    case 'federated':
      return lists('itself') && lists('account')
    case 'service':
      return names.some(([type, name]) => type === 'Service' && name === caller)
    case 'ours':
      return names.some(([type, name]) => type === 'Sallyport' && name === caller)
    case 'root':
    case 'provider':
      return lists('itself')
    case 'other':
      return names.some(([type, name]) => type === 'AWS' && name === caller)
    case 'anonymous':
      return false
  }
}

/** Every name, with its type; a lone star is everybody's. */
function namesIn(principal: Principal): readonly (readonly [type: string, name: string])[] {
  if (typeof principal === 'string') return [['AWS', '*']]
  return Object.entries(principal).flatMap(([type, names]) =>
    (typeof names === 'string' ? [names] : names).map((name) => [type, name] as const),
  )
}

function meaningOf(type: string, name: string, caller: string): Meant | undefined {
  const kind = kindOf(caller)
  if (name === '*') return starOf[type]?.(kind) === true ? 'itself' : undefined
  if (type === 'Service') return kind === 'service' && name === caller ? 'itself' : undefined
  if (type === 'Federated')
    return !['user', 'role', 'session', 'federated', 'root', 'ours'].includes(kind) && name === caller
      ? 'itself'
      : undefined
  if (type === 'Sallyport') return kind === 'ours' && name === caller ? 'itself' : undefined
  if (type === 'CanonicalUser') return kind === 'other' && name === caller ? 'itself' : undefined
  if (!['user', 'role', 'session', 'federated', 'root', 'ours', 'other'].includes(kind)) return undefined
  const [, , , , account = '', path = ''] = caller.split(':')
  const isAccount = name === account || /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(name)?.[1] === account
  if (isAccount && /^\d{12}$/.test(account)) return kind === 'root' ? 'itself' : 'account'
  const [, , , , nameAccount, namePath = ''] = name.split(':')
  const samePartition = name.split(':')[1] === caller.split(':')[1]
  const isIam = name.split(':')[2] === 'iam' && nameAccount === account && samePartition
  const last = namePath.split('/').at(-1)
  if (kind === 'role' && isIam && namePath.startsWith('role/') && last === path.split('/').at(-1))
    return 'behind-session'
  if (name === caller) return 'itself'
  if (kind === 'session' && isIam && namePath.startsWith('role/') && last === path.split('/')[1])
    return 'behind-session'
  const user = path.slice(path.indexOf('/') + 1)
  if (kind === 'federated' && isIam && namePath === `user/${user}`) return 'behind-session'
  return undefined
}

type Kind = 'user' | 'role' | 'session' | 'federated' | 'root' | 'service' | 'provider' | 'anonymous' | 'ours' | 'other'

const starOf: Readonly<Record<string, (kind: Kind) => boolean>> = {
  AWS: () => true,
  Service: (kind) => kind === 'service',
  Federated: (kind) => kind === 'service' || kind === 'provider',
  Sallyport: (kind) => kind === 'ours',
}

/** What kind of caller a principal's text stands for. */
export function kindOf(caller: string): Kind {
  const known: readonly (readonly [RegExp, Kind])[] = [
    [/^anonymous$/, 'anonymous'],
    [/^arn:sallyport:/, 'ours'],
    [/^arn:aws[a-z-]*:iam::\d{12}:user\/./, 'user'],
    [/^arn:aws[a-z-]*:iam::\d{12}:role\/./, 'role'],
    [/^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/./, 'session'],
    [/^arn:aws[a-z-]*:sts::\d{12}:federated-user\/./, 'federated'],
    [/^arn:aws[a-z-]*:iam::\d{12}:root$/, 'root'],
    [/^arn:aws[a-z-]*:iam::\d{12}:(?:oidc|saml)-provider\/./, 'provider'],
    [/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, 'service'],
  ]
  return known.find(([form]) => form.test(caller))?.[1] ?? 'other'
}
