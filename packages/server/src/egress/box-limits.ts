import { actions, arn } from '@sallyport/core/access'

import type { Box } from './box.ts'
import type { Throttle } from './door/throttle.ts'
import { cross } from './gate.ts'
import { doorReason } from './listen/head.ts'
import { newId } from './records.ts'
import { type ExitResponse, plainRefusal } from './refusal.ts'
import type { EgressLimits, EgressRooms } from './rooms.ts'
import { refusedExit } from './refused-exit.ts'
import { createSlots, type Slots } from './upstream/slots.ts'

/** Which limit of a box was reached. */
export type LimitCode = keyof typeof words

/** What one box has taken of us, and what it hears when that is too much. */
export interface BoxLimits {
  /** Takes one of the requests that the box may have under way. */
  enter(): boolean
  leave(): void
  underWay(): number
  /** Takes so many bytes of what the box may hold with us; false when there are no more. Negative gives back. */
  reserve(bytes: number): boolean
  /**
   * The refusal of what was too much. The first of an invocation is decided and on record with its code, so that
   * `why` explains it; the others of the same limit name that one, and are counted.
   */
  over(code: LimitCode): Promise<ExitResponse>
  /** The places that the box has among the connections of a door. */
  slots(door: string): Slots
  /** The next invocation is told anew. */
  endInvocation(): void
}

const words = {
  'exit.too_many': ({ requests }: EgressLimits) => `A box may have ${requests} requests under way.`,
  'exit.too_many_connections': ({ connections }: EgressLimits) => `A box may hold ${connections} connections open.`,
  'exit.too_many_names': ({ dnsPerSecond }: EgressLimits) => `A box may ask for ${dnsPerSecond} names in a second.`,
  'exit.too_many_bytes': ({ bytesInFlight }: EgressLimits) =>
    `The bodies of a box that are held at one time may have ${bytesInFlight} bytes.`,
  'exit.too_slow': ({ idleMs }: EgressLimits) => `A head that was begun must be complete within ${idleMs / 1000} s.`,
  'exit.pipelined': () => 'A request by HTTP/1.1 must wait for the answer to the one before it.',
  'exit.unread': ({ idleMs }: EgressLimits) =>
    `Of an answer by HTTP/2 something must be taken within ${idleMs / 1000} s.`,
} as const

/** What a box is told in place of an answer. */
export function limitWords(code: LimitCode, limits: EgressLimits): string {
  return words[code](limits)
}

/** `throttle` bounds what goes on record, and counts the rest; `onFailure` makes an answer of what broke. */
export function createBoxLimits(
  rooms: EgressRooms,
  box: Box,
  limits: EgressLimits,
  throttle: Throttle,
  onFailure: (error: unknown) => ExitResponse,
): BoxLimits {
  const told = new Map<LimitCode, Promise<ExitResponse>>()
  const slots = new Map<string, Slots>()
  let bytesInFlight = 0
  let underWay = 0

  function record(code: LimitCode): Promise<ExitResponse> {
    const resource = arn.door(rooms.app().name, '?', code)
    const reason = doorReason(code, limitWords(code, limits))
    return cross(rooms, refusedExit(box, box.current(), { resource, action: actions.useDoor, reason })).catch(onFailure)
  }

  return {
    enter: () => {
      underWay += 1
      if (underWay <= limits.requests) return true
      underWay -= 1
      return false
    },
    leave: () => void (underWay -= 1),
    underWay: () => underWay,
    reserve: (bytes) => (bytesInFlight += bytes) <= limits.bytesInFlight,
    slots: (door) => {
      const known = slots.get(door) ?? createSlots()
      slots.set(door, known)
      return known
    },
    over: (code) => {
      const known = told.get(code)
      if (known === undefined && throttle.admit()) {
        const first = record(code)
        told.set(code, first)
        return first
      }
      if (known !== undefined) throttle.count()
      return known ?? Promise.resolve(plainRefusal(code, limitWords(code, limits), newId(rooms)))
    },
    endInvocation: () => told.clear(),
  }
}
