import { encodeBase64url } from './base64url.ts'

/** A synchronous SHA-256, where the runtime has one. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const encoder = new TextEncoder()

/** SHA-256 of the text's UTF-8 bytes, base64url; by WebCrypto when no other is given. */
export async function digestText(text: string, sha256: Sha256 | undefined): Promise<string> {
  const bytes = encoder.encode(text)
  return encodeBase64url(sha256?.(bytes) ?? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
