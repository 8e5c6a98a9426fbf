import { encodeBase64url } from './base64url.ts'

const encoder = new TextEncoder()

/** SHA-256 of the text's UTF-8 bytes, base64url, by WebCrypto. */
export async function digestText(text: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
}
