import type { App } from '../app.ts'
import type { Service, TrustDomain } from '../service.ts'
import { showDuration } from '../source/units.ts'
import { type AccessFact, grant, measure, opaque, restraint } from './facts.ts'

/** What a service may be, and by what it is known. */
export function serviceFacts({ name, spiffeId, aws, keysDigest, roles }: Service): readonly AccessFact[] {
  const proofs = [
    spiffeId ?? [],
    aws === undefined ? [] : `${aws.role} by the word of ${aws.endpoint}`,
    keysDigest === undefined ? [] : `whoever signs by its keys (${keysDigest.slice(0, 12)})`,
  ].flat()
  return [
    ...roles.map((role) => grant(`the service ${name} may act as ${role}`)),
    opaque(`service ${name}`, `the service ${name} is ${proofs.join(', and ')}`),
  ]
}

/** Whoever holds the domain's keys is every workload of it. */
export function trustFact({ name, digest }: TrustDomain): AccessFact {
  return opaque(`trust ${name}`, `the trust domain ${name} vouches for its services (${digest.slice(0, 12)})`)
}

/** Whoever holds such a key makes any device a managed one. */
export function deviceFacts({ devices }: Pick<App, 'devices'>): readonly AccessFact[] {
  const { authorities, manager, revokedFile } = devices ?? {}
  const restrained = revokedFile === undefined ? [] : [restraint('no device counts whose certificate was taken back')]
  const certified =
    authorities === undefined
      ? restrained
      : [
          ...restrained,
          opaque('device authorities', `who certifies devices makes them managed (${authorities.digest.slice(0, 12)})`),
        ]
  if (manager === undefined) return certified
  const { issuer, audience, jwksDigest = 'what it publishes', maxAgeMs } = manager
  return [
    ...certified,
    opaque('device manager', `${issuer} may call devices managed, for ${audience} (${jwksDigest.slice(0, 12)})`),
    measure('device statements', maxAgeMs, `what ${issuer} states of a device counts for ${showDuration(maxAgeMs)}`),
  ]
}
