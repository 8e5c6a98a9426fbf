import type { Principal, Statement } from '../document.ts'
import { type Caller, type Grade, principalName } from './caller.ts'
import type { Facts } from './facts.ts'

/** How closely a statement means the caller; 0 when not at all. */
type PrincipalMatcher = (facts: Facts) => Grade

const everybody: PrincipalMatcher = () => 3

/** Compiles Principal or NotPrincipal; without either, everybody to whom the policy is attached is meant. */
export function compilePrincipal(source: Statement): PrincipalMatcher {
  if (source.Principal !== undefined) return compileNames(source.Principal)
  return source.NotPrincipal === undefined ? everybody : compileOthers(source.NotPrincipal)
}

/** All the names of which a caller must have one; undefined when the statement may mean somebody without. */
export function namesDemanded(source: Statement): readonly string[] | undefined {
  if (source.Principal === undefined) return undefined
  const { all, kinds, names } = readNames(source.Principal)
  return all || kinds.size > 0 ? undefined : [...names]
}

function compileNames(principal: Principal): PrincipalMatcher {
  const { all, kinds, names } = readNames(principal)
  if (all) return everybody
  return ({ caller }) => {
    if (kinds.has(caller.kind)) return 3
    for (let index = 0; index < caller.names.length; index += 1) {
      if (names.has(caller.names[index] ?? '')) return caller.grades[index] ?? 0
    }
    return 0
  }
}

/**
 * NotPrincipal spares only whom it lists entirely: a session with its role and account, a user with its account. One
 * who has a permissions boundary is never spared (IAM, "AWS JSON policy elements: NotPrincipal").
 */
function compileOthers(principal: Principal): PrincipalMatcher {
  const { all, kinds, names } = readNames(principal)
  const spared = (caller: Caller): boolean =>
    all || kinds.has(caller.kind) || (caller.chain.length > 0 && caller.chain.every((name) => names.has(name)))
  return ({ caller, bounded }) => (bounded || !spared(caller) ? 3 : 0)
}

interface Names {
  /** `*`, also as `{ "AWS": "*" }`: everybody, the anonymous caller too. */
  readonly all: boolean
  /** A star under another type means everybody of that kind. */
  readonly kinds: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

const kindsOfType: Readonly<Record<string, readonly string[]>> = {
  Service: ['service'],
  Federated: ['provider', 'service'],
  Sallyport: ['ours'],
  CanonicalUser: [],
}

function readNames(principal: Principal): Names {
  const kinds = new Set<string>()
  const names = new Set<string>()
  if (typeof principal === 'string') return { all: true, kinds, names }
  let all = false
  for (const [type, listed] of Object.entries(principal)) {
    for (const value of typeof listed === 'string' ? [listed] : listed) {
      if (value !== '*') names.add(principalName(type, value))
      else if (type === 'AWS') all = true
      else for (const kind of kindsOfType[type] ?? []) kinds.add(kind)
    }
  }
  return { all, kinds, names }
}
