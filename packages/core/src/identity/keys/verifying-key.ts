/** A public key, ready to verify what one algorithm signs. */
export interface VerifyingKey {
  /** Bits of an RSA modulus. */
  readonly modulusBits?: number
  /** Whether this is a signature over these bytes, as JWS spells it (RFC 7518 §3). Never throws for a bad one. */
  readonly verify: (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>
}
