import type { CryptoKey, JWK } from 'jose'

import type { Algorithm } from './algorithms.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** A public key by WebCrypto. */
export async function webKey({ parameters }: Algorithm, members: JWK): Promise<VerifyingKey | undefined> {
  let key: CryptoKey
  try {
    key = await crypto.subtle.importKey('jwk', members, parameters, false, ['verify'])
  } catch {
    return undefined // WebCrypto's DataError, by specification the answer to key material that makes no key
  }
  const bits = 'modulusLength' in key.algorithm ? key.algorithm.modulusLength : undefined
  return {
    ...(typeof bits === 'number' ? { modulusBits: bits } : {}),
    verify: (signed, signature) => crypto.subtle.verify(parameters, key, signature, signed),
  }
}
