import type { JWK } from 'jose'

import { digestText } from './encoding/digest.ts'
import type { Algorithm } from './keys/algorithms.ts'
import { webKey } from './keys/web-key.ts'

/** A public key, ready to verify what one algorithm signs. */
export interface VerifyingKey {
  /** Bits of an RSA modulus. */
  readonly modulusBits?: number
  /** Whether this is a signature over these bytes, as JWS spells it (RFC 7518 §3). Never throws for a bad one. */
  readonly verify: (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>
}

/**
 * What verification is made of. By WebCrypto unless said, which every runtime has; one that can answer at once spares
 * a thread's turn for each signature, and is then worth handing in.
 */
export interface Primitives {
  /** SHA-256 of the text's UTF-8 bytes, base64url. */
  readonly digest: (text: string) => string | Promise<string>
  /** Undefined for members that make no key. */
  readonly importKey: (
    algorithm: Algorithm,
    members: JWK,
  ) => VerifyingKey | undefined | Promise<VerifyingKey | undefined>
}

/** Those of every runtime. */
export const webPrimitives: Primitives = { digest: digestText, importKey: webKey }
