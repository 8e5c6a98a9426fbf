import { errors } from 'oidc-provider'

/** For the request at hand: a proof that lives longer could be used by whoever finds it later. */
const maxLifetimeSeconds = 600

/**
 * What is asked of a program's proof of its key (RFC 7523 §3) besides what the library asks: it is for this
 * provider, by the one name that no other can have, and for nobody else; and it is short-lived. Adversary: another
 * provider of the same program, which calls our token endpoint its own, is sent a proof that would be good here,
 * and brings it.
 */
export function checkClientAssertion(
  { aud, exp }: Readonly<Record<string, unknown>>,
  issuerUrl: string,
  nowSeconds: number,
): void {
  if (aud !== issuerUrl) throw new errors.InvalidClientAuth('aud must be the issuer, and nothing else')
  if (!(typeof exp === 'number' && exp <= nowSeconds + maxLifetimeSeconds)) {
    throw new errors.InvalidClientAuth(`exp must be within ${maxLifetimeSeconds} seconds`)
  }
}
