import type { JWK } from 'jose'

import { digestText } from './encoding/digest.ts'
import type { Algorithm } from './keys/algorithms.ts'
import type { VerifyingKey } from './keys/verifying-key.ts'
import { webKey } from './keys/web-key.ts'

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
