import { arn, type Authentication, type Credential, type Device, type Subject } from '@sallyport/core/access'
import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

import type { Binding } from './binding.ts'
import { isNumericDate } from '../lifetime.ts'
import type { VerifiedToken } from './verified-token.ts'

/** RFC 8176 §2 method references by what they prove: something known, held, or of the body. */
const factors: ReadonlyMap<string, 'knowledge' | 'possession' | 'inherence'> = new Map([
  ['pwd', 'knowledge'],
  ['pin', 'knowledge'],
  ['kba', 'knowledge'],
  ['otp', 'possession'],
  ['hwk', 'possession'],
  ['swk', 'possession'],
  ['sc', 'possession'],
  ['sms', 'possession'],
  ['tel', 'possession'],
  ['fpt', 'inherence'],
  ['face', 'inherence'],
  ['iris', 'inherence'],
  ['retina', 'inherence'],
  ['vbm', 'inherence'],
])

/** Values of `acr` that state two factors. */
const multiFactorContexts: ReadonlySet<unknown> = new Set([
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'urn:sallyport:acr:mfa',
])

/**
 * The subject of a verified token. Users of the embedded issuer keep their names; others are `ISSUER:NAME`, so that
 * no two issuers can mean one user; an exchanged token is for whom it was exchanged, and rests on that issuer too. A
 * claim on the device counts from the embedded issuer alone, which proved it: elsewhere, users may be able to write
 * such a claim themselves.
 */
export function subjectOf(token: VerifiedToken, app: string): Subject {
  const { issuer, claims } = token
  const isOwn = issuer.kind === 'embedded' || issuer.kind === 'sts'
  const name = isOwn ? token.userName : `${issuer.name}:${token.userName}`
  const sessionId = [claims['sid'], claims['jti']].find((id) => typeof id === 'string' && id !== '')
  const device = issuer.kind === 'embedded' ? readDevice(claims['device']) : undefined
  return {
    kind: 'user',
    id: arn.user(app, name),
    name,
    issuer: issuer.issuer,
    ...(typeof sessionId === 'string' ? { sessionId } : {}),
    roles: token.roles,
    authentication: readAuthentication(claims, token.expiresAtSeconds),
    credential: readCredential(token),
    ...(device === undefined ? {} : { device }),
  }
}

/** The proofs were checked already: what a token is bound to, its presenter has. */
function readCredential({ issuer, keyId, claims, issuedAtSeconds, scopes, tags, binding }: VerifiedToken): Credential {
  const clientId = [claims['client_id'], claims['azp']].find((id) => typeof id === 'string' && id !== '')
  const tokenId = claims['jti']
  return {
    issuerName: issuer.kind === 'sts' ? String(claims['origin']) : issuer.name,
    keyId,
    issuedAtSeconds,
    ...(typeof clientId === 'string' ? { clientId } : {}),
    ...(typeof tokenId === 'string' && tokenId !== '' ? { tokenId } : {}),
    scopes,
    tags,
    boundTo: Object.values(binding).filter((thumbprint) => typeof thumbprint === 'string'),
    binding: kindOf(binding),
  }
}

function kindOf({ keyThumbprint, certificateThumbprint }: Binding): Credential['binding'] {
  if (keyThumbprint === undefined) return certificateThumbprint === undefined ? 'none' : 'mtls'
  return certificateThumbprint === undefined ? 'dpop' : 'dpop+mtls'
}

/** Without `auth_time` nobody knows when the person was there: 0, which every demand on freshness refuses. */
function readAuthentication(claims: JsonObject, expiresAtSeconds: number): Authentication {
  const methods = stringList(claims['amr']) ?? []
  const proved = new Set(methods.map((method) => factors.get(method)).filter((factor) => factor !== undefined))
  const at = claims['auth_time']
  const context = claims['acr']
  return {
    methods,
    mfa: methods.includes('mfa') || proved.size >= 2 || multiFactorContexts.has(claims['acr']),
    authenticatedAtSeconds: isNumericDate(at) ? at : 0,
    ...(typeof context === 'string' ? { context } : {}),
    expiresAtSeconds,
  }
}

function readDevice(claim: unknown): Device | undefined {
  if (!isObject(claim)) return undefined
  const { id, managed, type } = claim
  return typeof id === 'string' && typeof type === 'string' ? { id, managed: managed === true, type } : undefined
}
