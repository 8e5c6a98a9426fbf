import type { Door, DoorOperation } from '@sallyport/manifest'
import type { Reason } from '@sallyport/core/access'
import type { Invocation } from '../../host/index.ts'
import type { Content } from '../listen/body.ts'
import type { Box } from '../box.ts'
import type { BoxLimits } from '../box-limits.ts'
import type { Head } from '../listen/head.ts'
import type { EgressRooms } from '../rooms.ts'
import type { Tokens } from './tokens.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { Ending } from '../ending.ts'

/** A request that a declared door may serve, or the resource and reason of one that none does. */
export type DoorRoute =
  | { readonly kind: 'door'; readonly door: Door; readonly operation: DoorOperation; readonly path: string }
  | { readonly kind: 'refused'; readonly resource: string; readonly reason: Reason }

/** What the doors of one box share. */
export interface DoorTools {
  readonly rooms: EgressRooms
  readonly upstreams: Upstreams
  readonly tokens: Tokens
  /** Of an answer that must be read whole. */
  readonly maxAnswerBytes: number
  /** What the box has taken of us, whole answers included. */
  readonly held: BoxLimits
}

/** One request for a door, with everything that is known of it before it is decided. */
export interface DoorRequest {
  readonly box: Box
  readonly invocation: Invocation
  /** Aborted at the end of the invocation. */
  readonly signal: Ending
  readonly route: DoorRoute & { kind: 'door' }
  readonly head: Head
  readonly content: Content
  /** Which attempt this is, from 1. */
  readonly attempt: number
  /** Sent where the operation has such a header and the caller sent none; the same for every attempt. */
  readonly idempotencyKey: string
}
