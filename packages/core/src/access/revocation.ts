import type { Subject } from './subject.ts'

/** When a target was last revoked, in milliseconds since the epoch; undefined for one that never was. Synchronous. */
export type RevokedAt = (target: string) => number | undefined

/**
 * Everything by whose revocation a subject's rights end: `user/alice`, `session/s1`, `function/payments`,
 * `issuer/pool`, `client/pool:web`, `device/d1`, `key/pool:kid` (what its token was signed with), `key/THUMBPRINT`
 * (what its token is bound to), `token/pool:jti`. The embedded issuer's have no prefix, as its users have none.
 */
export function revocationTargets(subject: Subject): readonly string[] {
  const known = targetsOf.get(subject)
  if (known !== undefined) return known
  const targets = namesOf(subject)
  targetsOf.set(subject, targets)
  return targets
}

/** Asked several times for each request, and a subject never changes. */
const targetsOf = new WeakMap<Subject, readonly string[]>()

function namesOf(subject: Subject): readonly string[] {
  if (subject.kind === 'anonymous') return []
  const targets = [`${subject.kind}/${subject.name}`]
  if (subject.sessionId !== undefined) targets.push(`session/${subject.sessionId}`)
  if (subject.device !== undefined) targets.push(`device/${subject.device.id}`)
  const { credential } = subject
  if (credential === undefined) return targets
  const { issuerName, keyId, clientId, tokenId } = credential
  const own = (id: string): string => (issuerName === 'embedded' ? id : `${issuerName}:${id}`)
  targets.push(`issuer/${issuerName}`, `key/${own(keyId)}`)
  if (clientId !== undefined) targets.push(`client/${own(clientId)}`)
  if (tokenId !== undefined) targets.push(`token/${own(tokenId)}`)
  for (const thumbprint of credential.boundTo) targets.push(`key/${thumbprint}`)
  return targets
}

/**
 * Whether a subject rests on something that was revoked. A key, a session, a token is gone for good. A user, a client,
 * a device or an issuer comes back with a sign-in that is younger than the revocation: what counts is `auth_time` where
 * the token states it, so that a refresh token carries no old sign-in past a revocation, else `iat`. Both are whole
 * seconds: a sign-in of the very second of the revocation counts as older.
 */
export function isRevoked(subject: Subject, revokedAt: RevokedAt): boolean {
  return revocationTargets(subject).some((target) => {
    const at = revokedAt(target)
    return at !== undefined && !(comesBack(target) && provedAtSeconds(subject) * 1000 > at)
  })
}

function comesBack(target: string): boolean {
  return !/^(?:key|session|token)\//.test(target)
}

/** Functions and operators present nothing that has an age: what they do next is after the revocation. */
function provedAtSeconds({ kind, credential, authentication }: Subject): number {
  if (kind !== 'user') return Infinity
  const signedInAt = authentication?.authenticatedAtSeconds ?? 0
  if (credential === undefined) return signedInAt
  return signedInAt > 0 ? Math.min(signedInAt, credential.issuedAtSeconds) : credential.issuedAtSeconds
}
