import type { Position } from './position.ts'

/** A stream of shared signals (OpenID SSF, CAEP, RISC): somebody outside tells what became of people and devices. */
export interface SignalStream {
  readonly name: string
  /** The issuer whose people it speaks of, and of nobody else's; `embedded` for our own. */
  readonly of: string
  /** The exact `iss` of its events. */
  readonly transmitter: string
  readonly audience: string
  /** Absolute path of a JWKS file, in place of what the transmitter publishes. */
  readonly jwksFile?: string
  /** SHA-256 of that file, hex. */
  readonly jwksDigest?: string
  /** Where it is polled (RFC 8936); it pushes (RFC 8935) when absent. */
  readonly poll?: string
  /** The secret that is shown there as a bearer token. */
  readonly secret?: string
  /** How long it may be silent and still be believed. */
  readonly silenceMs: number
  readonly at: Position
}
