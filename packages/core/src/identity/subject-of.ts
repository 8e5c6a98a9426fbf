import { anonymous, arn, type Authentication, type Device, type Subject } from '@sallyport/core/access'
import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

import { isNumericDate } from './lifetime.ts'
import { parseBearer } from './parse-bearer.ts'
import type { TokenRefusal } from './refusal.ts'
import type { VerifiedToken, Verifier } from './verifier.ts'

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
 * The subject of a verified token. Users of the embedded issuer keep their names; others are `ISSUER:NAME`,
 * so that no two issuers can mean one user. A claim on the device counts from the embedded issuer alone,
 * which proved it: elsewhere, users may be able to write such a claim themselves.
 */
export function subjectOf(token: VerifiedToken, app: string): Subject {
  const { issuer, claims } = token
  const name = issuer.kind === 'embedded' ? token.userName : `${issuer.name}:${token.userName}`
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
    ...(device === undefined ? {} : { device }),
  }
}

/** What one request's Authorization headers prove: a subject, or the anonymous one and why. Never rejects. */
export async function authenticateBearer(
  verifier: Verifier,
  headerValues: readonly string[],
  app: string,
): Promise<Subject> {
  const bearer = parseBearer(headerValues)
  if ('kind' in bearer) return refused(bearer)
  const verified = await verifier.verify(bearer.token)
  return verified.kind === 'verified' ? subjectOf(verified, app) : refused(verified)
}

function refused({ code, message }: TokenRefusal): Subject {
  return { ...anonymous, refused: { code, message } }
}

/** Without `auth_time` nobody knows when the person was there: 0, which every demand on freshness refuses. */
function readAuthentication(claims: JsonObject, expiresAtSeconds: number): Authentication {
  const methods = stringList(claims['amr']) ?? []
  const proved = new Set(methods.map((method) => factors.get(method)).filter((factor) => factor !== undefined))
  const at = claims['auth_time']
  return {
    methods,
    mfa: methods.includes('mfa') || proved.size >= 2 || multiFactorContexts.has(claims['acr']),
    authenticatedAtSeconds: isNumericDate(at) ? at : 0,
    expiresAtSeconds,
  }
}

function readDevice(claim: unknown): Device | undefined {
  if (!isObject(claim)) return undefined
  const { id, managed, type } = claim
  return typeof id === 'string' && typeof type === 'string' ? { id, managed: managed === true, type } : undefined
}
