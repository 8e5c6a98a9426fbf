import type { Position } from './position.ts'

/** Who is believed about the devices that people use. */
export interface Devices {
  /** Authorities whose client certificates are managed devices: DER in base64, and the file's SHA-256 in hex. */
  readonly authorities?: { readonly roots: readonly string[]; readonly digest: string }
  /** Absolute path of the lists (PEM) of certificates that the authorities took back; read again while the app runs. */
  readonly revokedFile?: string
  readonly manager?: DeviceManagerDeclaration
  readonly at: Position
}

/** Who signs statements about devices. */
export interface DeviceManagerDeclaration {
  /** The exact `iss` of its statements. */
  readonly issuer: string
  readonly audience: string
  /** Absolute path of a JWKS file, in place of what the manager publishes. */
  readonly jwksFile?: string
  /** SHA-256 of that file, hex. */
  readonly jwksDigest?: string
  /** How old a statement may be. */
  readonly maxAgeMs: number
}
