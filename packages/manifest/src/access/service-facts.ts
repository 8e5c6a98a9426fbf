import type { Service, TrustDomain } from '../service.ts'
import { type AccessFact, grant, opaque } from './facts.ts'

/** What a service may be, and by what it is known. */
export function serviceFacts({ name, spiffeId, aws, roles }: Service): readonly AccessFact[] {
  const proofs = [spiffeId ?? [], aws === undefined ? [] : `${aws.role} by the word of ${aws.endpoint}`].flat()
  return [
    ...roles.map((role) => grant(`the service ${name} may act as ${role}`)),
    opaque(`service ${name}`, `the service ${name} is ${proofs.join(', and ')}`),
  ]
}

/** Whoever holds the domain's keys is every workload of it. */
export function trustFact({ name, digest }: TrustDomain): AccessFact {
  return opaque(`trust ${name}`, `the trust domain ${name} vouches for its services (${digest.slice(0, 12)})`)
}
