import { type JsonObject, stringList } from '@sallyport/core/json'
import type { IssuerConfiguration } from './issuer.ts'
import { refuseToken, type TokenRefusal } from './refusal.ts'

/** What a token states about its holder, after its issuer's own rules. */
export interface Holder {
  /** The holder's name within the issuer. */
  readonly userName: string
  readonly roles: readonly string[]
  /** RFC 8693 §4.2 `scope`, split; or Entra's `scp`. */
  readonly scopes: readonly string[]
}

type NamedHolder = Omit<Holder, 'scopes'>

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
  return lacks ? refuseToken('token.insufficient_scope') : { ...holder, scopes }
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

/** RFC 9068 §4; its required claims are §2.2. */
function readAccessToken(
  issuer: Extract<IssuerConfiguration, { kind: 'embedded' | 'oidc' }>,
  claims: JsonObject,
  type: string | undefined,
): NamedHolder | TokenRefusal {
  const types = issuer.kind === 'oidc' ? (issuer.types ?? ['at+jwt']) : ['at+jwt']
  if (type === undefined || !types.includes(type)) return refuseToken('token.type')
  if (!audiences(claims['aud']).includes(issuer.audience)) return refuseToken('token.wrong_audience')
  const { sub, jti } = claims
  const needed = type === 'at+jwt' ? [jti, claims['client_id']] : []
  const roles = claims[issuer.kind === 'oidc' ? issuer.rolesClaim : 'roles']
  const list = roles === undefined ? [] : stringList(roles)
  if (!isName(sub) || !needed.every(isName) || list === undefined) return refuseToken('token.claims')
  return { userName: sub, roles: list }
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
