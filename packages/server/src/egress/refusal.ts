import type { Deny } from '@sallyport/core/access'
import { refusalLine } from '@sallyport/core/enforcement'

import type { OutputLine } from '../host/index.ts'
import type { Answer } from '../parser/index.ts'
import type { Exit } from './exit.ts'
import type { EgressRooms } from './rooms.ts'

/** An answer on its way back into the box. */
export interface ExitResponse extends Answer {
  /** The upstream may do better at another attempt. */
  readonly again?: boolean
}

/** Code → HTTP status; whatever is not here is 403. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['request.malformed', 400],
  ['request.duplicate_header', 400],
  ['request.framing', 400],
  ['request.too_large', 413],
  ['request.header_too_large', 431],
  ['upstream.unreachable', 502],
  ['upstream.failed', 502],
  ['upstream.malformed', 502],
  ['upstream.peer', 502],
  ['upstream.protocol', 502],
  ['upstream.timeout', 504],
  ['upstream.not_json', 502],
  ['upstream.too_large', 502],
  ['upstream.coding', 502],
  ['upstream.token_refused', 502],
  ['upstream.bad_upgrade', 502],
  ['upstream.unwritable', 502],
  ['door.field', 422],
  ['door.unreadable', 415],
  ['door.limited', 429],
  ['exit.too_many', 429],
  ['exit.too_many_bytes', 429],
  ['exit.no_descriptors', 503],
  ['function.busy', 429],
  ['function.timed_out', 504],
  ['function.threw', 502],
  ['function.exited', 502],
  ['function.parser_ended', 502],
  ['function.out_of_memory', 502],
  ['function.output_too_large', 502],
  ['function.bad_response', 502],
])

/** `{ code, reason, id }`: what went wrong, in words that give nothing away, and the id for `sallyport why`. */
export function plainRefusal(code: string, reason: string, id: string): ExitResponse {
  const body = Buffer.from(`${JSON.stringify({ code, reason, id })}\n`)
  return {
    status: statuses.get(code) ?? 403,
    headers: [
      ['content-type', 'application/json'],
      ['content-length', String(body.length)],
      ['x-sallyport-id', id],
    ],
    body,
  }
}

/** The same for a denied decision. */
export function refusalResponse(decision: Deny): ExitResponse {
  const [{ code, message }] = decision.reasons
  return plainRefusal(code, message, decision.id)
}

/** The whole reason, for the log of the function. */
export function logLine(rooms: EgressRooms, exit: Exit<unknown>, decision: Deny, advisoryPackage?: string): OutputLine {
  return {
    at: rooms.clock(),
    functionName: exit.box.image.name,
    boxId: exit.box.id,
    ...(exit.invocation === undefined
      ? {}
      : { transaction: exit.invocation.transaction, invocation: exit.invocation.id }),
    stream: 'platform',
    text: refusalLine(decision, advisoryPackage),
  }
}
