import { isObject, type JsonObject, stringList } from '@sallyport/core/json'
import type { IssuerConfiguration } from '../issuer/issuer.ts'
import { claimAt, issuerKinds, type IssuerProfile } from '../issuer/issuer-kinds.ts'
import { refuseToken, type TokenRefusal } from '../refusal.ts'
import type { VerifiedToken } from './verified-token.ts'

/** What a token states about its holder, after its issuer's own rules. */
export interface Holder {
  /** The holder's name within the issuer. */
  readonly userName: string
  readonly roles: readonly string[]
  /** RFC 8693 §4.2 `scope`, split; or Entra's `scp`. */
  readonly scopes: readonly string[]
  /** Attributes that the issuer's kind lets us take: repository, branch, tenant. */
  readonly tags: Readonly<Record<string, string>>
}

type NamedHolder = Omit<Holder, 'scopes' | 'tags'> & Partial<Pick<Holder, 'tags'>>

/** Reads audience, kind and holder by the rules of the issuer's kind. Every member is as untrusted as its issuer. */
export function readClaims(
  issuer: IssuerConfiguration,
  claims: JsonObject,
  type: string | undefined,
): Holder | TokenRefusal {
  const holder = issuer.kind === 'cognito' ? readCognito(issuer, claims, type) : readAccessToken(issuer, claims, type)
  if ('kind' in holder) return holder
  const isPlain = issuer.kind === 'embedded' ? /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/ : externalName
  if (!isPlain.test(holder.userName)) return refuseToken('token.claims')
  const scopes = readScopes(claims)
  if (scopes === undefined) return refuseToken('token.claims')
  const lacks = (issuer.scopes ?? []).some((scope) => !scopes.includes(scope))
  return lacks ? refuseToken('token.insufficient_scope') : { tags: {}, ...holder, scopes }
}

/**
 * What is asked of a token again that was read before: that it is for us, and has the scopes that its issuer's entry
 * demands. The rest of `readClaims` cannot come out differently, for claims and configuration stay what they are.
 */
export function refusalAgain(
  { issuer, claims, type }: Pick<VerifiedToken, 'issuer' | 'claims' | 'type'>,
  scopes: readonly string[],
): TokenRefusal | undefined {
  const isOurs = issuer.kind === 'cognito' ? undefined : audiences(claims['aud']).includes(issuer.audience)
  if (isOurs === true && (issuer.scopes ?? []).every((scope) => scopes.includes(scope))) return undefined
  const holder = readClaims(issuer, claims, type)
  return 'kind' in holder ? holder : undefined
}

/** RFC 8693 §4.2 `scope`, or `scp` as Entra and Okta have it; text or a list. Undefined when it is neither. */
function readScopes({ scope, scp }: JsonObject): readonly string[] | undefined {
  const stated = scope ?? scp ?? ''
  return typeof stated === 'string' ? stated.split(' ').filter((each) => each !== '') : stringList(stated)
}

/**
 * A name that stays one name inside an ARN: nothing that policies read as a wildcard or a variable,
 * no white space, no control or invisible formatting characters.
 */
const externalName = /^[^\s*?${}"'<>\\\p{C}\p{Z}]{1,256}$/u

/** RFC 9068 §4, whose required claims are §2.2; or as the issuer's kind has it. */
function readAccessToken(
  issuer: Extract<IssuerConfiguration, { kind: 'embedded' | 'sts' | 'oidc' }>,
  claims: JsonObject,
  type: string | undefined,
): NamedHolder | TokenRefusal {
  const profile: IssuerProfile = issuer.kind === 'oidc' && issuer.type ? issuerKinds[issuer.type] : standard
  const types = issuer.kind === 'oidc' ? (issuer.types ?? profile.types) : profile.types
  if (!types.includes(type ?? '')) return refuseToken('token.type')
  if (!audiences(claims['aud']).includes(issuer.audience)) return refuseToken('token.wrong_audience')
  if (!meetsDemands(profile, claims)) return refuseToken('token.type')
  if (issuer.kind === 'oidc' && !meetsConditions(issuer.only ?? {}, claims)) return refuseToken('token.condition')
  const rolesAt = issuer.kind === 'oidc' && issuer.rolesClaim !== undefined ? [issuer.rolesClaim] : profile.roles
  const stated = rolesAt === undefined ? undefined : claimAt(claims, rolesAt)
  const roles = stated === undefined ? [] : stringList(stated)
  const userName = nameOf(profile, claims)
  const needed = type === 'at+jwt' && profile === standard ? [claims['jti'], claims['client_id']] : []
  const tags = issuer.kind === 'sts' ? readStatedTags(claims) : readTags(profile, claims)
  if (userName === undefined || !needed.every(isName) || roles === undefined || tags === undefined) {
    return refuseToken('token.claims')
  }
  return { userName, roles: issuer.kind === 'oidc' ? [...roles, ...(issuer.holds ?? [])] : roles, tags }
}

/** RFC 9068 as it stands. */
const standard: IssuerProfile = { issuer: /^/, types: ['at+jwt'], subject: [[['sub']]], roles: ['roles'], tags: {} }

function nameOf({ subject }: IssuerProfile, claims: JsonObject): string | undefined {
  for (const paths of subject) {
    const parts = paths.map((path) => claimAt(claims, path))
    // The joint must stay the joint: `a/b` + `c` is not `a` + `b/c`.
    const isSafe = (part: unknown): part is string => isName(part) && (parts.length === 1 || !part.includes('/'))
    if (parts.every(isSafe)) return parts.join('/')
  }
  return undefined
}

/** What tells an access token of this kind from the issuer's other tokens. */
function meetsDemands({ demands = {} }: IssuerProfile, claims: JsonObject): boolean {
  return Object.entries(demands).every(([name, values]) => {
    const value = claims[name]
    return values === 'present' ? isName(value) : typeof value === 'string' && values.includes(value)
  })
}

/** Exactly, and as text: `"123"` and 123 are one id, `true` is no text. */
function meetsConditions(only: Readonly<Record<string, readonly string[]>>, claims: JsonObject): boolean {
  return Object.entries(only).every(([name, values]) => {
    const value = claims[name]
    return (typeof value === 'string' || typeof value === 'number') && values.includes(String(value))
  })
}

/** What was taken from the token that was exchanged, word by word. */
function readStatedTags({ tags, origin }: JsonObject): Readonly<Record<string, string>> | undefined {
  const stated = isObject(tags) ? Object.entries(tags) : undefined
  return isName(origin) && stated?.every(isTag) === true ? Object.fromEntries(stated) : undefined
}

/** Undefined when one is no plain text of a bearable length. */
function readTags({ tags }: IssuerProfile, claims: JsonObject): Readonly<Record<string, string>> | undefined {
  const stated = Object.entries(tags)
    .map(([name, path]): [string, unknown] => [name, claimAt(claims, path)])
    .filter((entry): entry is [string, {}] => entry[1] !== undefined && entry[1] !== null)
  return stated.every(isTag) ? Object.fromEntries(stated) : undefined
}

function isTag(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string' && /^[^\p{C}]{0,512}$/u.test(entry[1])
}

/** Amazon Cognito's access tokens: `token_use`, `client_id`, `username`, `cognito:groups`, and no `aud`. */
function readCognito(
  issuer: Extract<IssuerConfiguration, { kind: 'cognito' }>,
  claims: JsonObject,
  type: string | undefined,
): NamedHolder | TokenRefusal {
  if (type !== undefined && type !== 'jwt') return refuseToken('token.type')
  const use = claims['token_use']
  if (use !== 'access' && !(use === 'id' && issuer.idTokens === true)) return refuseToken('token.type')
  const client = use === 'access' ? claims['client_id'] : claims['aud']
  if (!isName(client)) return refuseToken('token.claims')
  if (issuer.clients.length > 0 && !issuer.clients.includes(client)) return refuseToken('token.wrong_client')
  const userName = use === 'access' ? claims['username'] : claims['cognito:username']
  const stated = claims['cognito:groups']
  const groups = stated === undefined ? [] : stringList(stated)
  if (!isName(userName) || !isName(claims['sub']) || groups === undefined) return refuseToken('token.claims')
  const roleOf = new Map(Object.entries(issuer.groups))
  return { userName, roles: groups.map((group) => roleOf.get(group) ?? group) }
}

function audiences(aud: unknown): readonly string[] {
  return typeof aud === 'string' ? [aud] : (stringList(aud) ?? [])
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 1024
}
