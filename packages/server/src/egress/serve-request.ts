import { SallyportError } from '@sallyport/core/access'

import type { AwsDoor } from './aws/aws.ts'
import { type Content, takeBody } from './listen/body.ts'
import { isForAws } from './aws/aws-names.ts'
import type { Box } from './box.ts'
import { limitWords } from './box-limits.ts'
import { callExit } from './call.ts'
import type { CallerPackages } from './listen/caller.ts'
import { doorExit, maxBytesOf, needsWhole } from './door/door.ts'
import { droppedHeaders } from './door/dropped.ts'
import type { DoorRequest, DoorTools } from './door/door-request.ts'
import type { Asking, Exit } from './exit.ts'
import type { Under } from './listen/port-handlers.ts'
import { cross } from './gate.ts'
import { doorReason, type Head, readHead } from './listen/head.ts'
import { costs, type Incoming, type Pace } from '../parser/index.ts'
import { pause, pauseMsOf } from './pause.ts'
import { newId } from './records.ts'
import { type ExitResponse, plainRefusal } from './refusal.ts'
import type { EgressLimits } from './rooms.ts'
import { refusedExit } from './refused-exit.ts'
import { routeOf, type Way } from './route.ts'
import { inPlace } from './upstream/slots.ts'
import { upgradeExit } from './door/web-socket.ts'

/** What turns the requests of one box into crossings. */
export interface RequestServer extends DoorTools {
  readonly box: Box
  readonly limits: EgressLimits
  readonly pace: Pace
  readonly aws: AwsDoor
  readonly callers: CallerPackages
}

/** So many requests of a box at one time wait for nobody. */
const freeRequests = 2

/** The way of one request, from its head to its answer. Throws nothing: what breaks is a refusal. */
export async function serveRequest(
  server: RequestServer,
  incoming: Incoming,
  { invocation, signal }: Under,
): Promise<ExitResponse> {
  const { rooms, limits, box } = server
  // Over many connections of HTTP/2 a box could ask for more at once than a neighbour can bear.
  if (!server.held.enter()) return server.held.over('exit.too_many')
  // One after the other is no flood, however fast.
  const many = server.held.underWay() > freeRequests
  if (many && !server.pace.now(costs.request)) await server.pace.later(costs.request)
  try {
    const head = readHead(incoming)
    const way = routeOf(rooms, head, limits.bodyBytes)
    const inAwsForm = isForAws(rooms.app(), head) ? head : undefined
    const walk = walkOf(server, head, way)
    if (invocation === undefined || way.kind === 'refused') {
      return await walk(refusedExit(box, invocation, way, inAwsForm))
    }
    const read = await takeBody(incoming, head.contentLength, way.kind !== 'door' || needsWhole(way), {
      signal,
      maxBytes: way.kind === 'door' ? maxBytesOf(way, limits.bodyBytes) : limits.bodyBytes,
      timeoutMs: limits.idleMs,
      reserve: server.held.reserve,
      pace: server.pace,
      byteCost: isRead(way) ? costs.readByte : costs.byte,
      full: () => doorReason('exit.too_many_bytes', limitWords('exit.too_many_bytes', limits)),
    })
    try {
      if (read.kind === 'refused') {
        return await walk(refusedExit(box, invocation, { ...way, reason: read.reason }, inAwsForm))
      }
      const { content } = read
      // Names that no door has: what one box takes of AWS, or of another function, is no more than of a door.
      if (way.kind === 'aws') {
        const exit = server.aws.exit(box, invocation, signal, head, wholeOf(content))
        return await walk(inPlace(exit, server.held.slots('aws:')))
      }
      if (way.kind === 'call') {
        const exit = callExit(rooms, box, invocation, signal, way, head, wholeOf(content))
        return await walk(inPlace(exit, server.held.slots(`call:${way.target.name}`)))
      }
      return await attempts(server, walk, {
        box,
        invocation,
        signal,
        route: way,
        head,
        content,
        attempt: 1,
        idempotencyKey: way.operation.idempotency === undefined ? '' : newId(rooms),
      })
    } finally {
      server.held.reserve(-read.reserved)
    }
  } catch (error) {
    return broken(server, error)
  } finally {
    server.held.leave()
  }
}

/** A request to speak another protocol: decided as the GET that it is, and only a door may lead there. */
export async function serveUpgrade(
  server: RequestServer,
  incoming: Incoming,
  { invocation, signal }: Under,
): Promise<ExitResponse> {
  const { rooms, limits, box } = server
  if (!server.held.enter()) return server.held.over('exit.too_many')
  try {
    const head = readHead(incoming)
    const way = routeOf(rooms, head, limits.bodyBytes)
    const walk = walkOf(server, head, way)
    if (invocation === undefined || way.kind !== 'door') {
      return await walk(refusedExit(box, invocation, notADoor(way)))
    }
    const content: Content = { kind: 'whole', bytes: new Uint8Array() }
    const request: DoorRequest = { box, invocation, signal, route: way, head, content, attempt: 1, idempotencyKey: '' }
    return await walk(inPlace(upgradeExit(server, request), server.held.slots(way.door.name), 'begun'))
  } catch (error) {
    return broken(server, error)
  } finally {
    server.held.leave()
  }
}

/** Says that the door itself failed, without a word of what it was, and stayed shut. */
export function broken({ rooms, box }: Pick<RequestServer, 'rooms' | 'box'>, error: unknown): ExitResponse {
  const id = newId(rooms)
  const code = error instanceof SallyportError ? error.code : error instanceof Error ? error.name : 'unknown'
  rooms.log({
    at: rooms.clock(),
    functionName: box.image.name,
    boxId: box.id,
    stream: 'platform',
    text: `the egress door failed (${code}) and stayed shut  id: ${id}`,
  })
  return brokenAnswer(id)
}

/** The answer to what broke on our side: no word of what it was. */
export function brokenAnswer(id: string): ExitResponse {
  return plainRefusal('exit.error', 'The door could not decide, so it stayed shut.', id)
}

type Walk = (exit: Exit<ExitResponse>) => Promise<ExitResponse>

function walkOf({ rooms, callers, box }: RequestServer, head: Head, way: Way): Walk {
  const askedBy = (): Promise<string | undefined> =>
    callers.packageOf({ ...box.image, appFolder: rooms.app().folder }, head.caller)
  const asking = rooms.learn === undefined ? { askedBy } : { askedBy, wanted: wantedBy(head, way) }
  return (exit) => cross(rooms, exit, asking)
}

function wantedBy(head: Head, way: Way): NonNullable<Asking['wanted']> {
  const { scheme, host, port, method, path } = head
  const dropped = way.kind === 'door' ? droppedHeaders(head, way.door, way.operation) : []
  return { method, url: `${scheme}://${host}${port === undefined ? '' : `:${port}`}${path}`, dropped }
}

/** Every attempt is a crossing of its own: decided, recorded and settled by itself. */
async function attempts(server: RequestServer, walk: Walk, request: DoorRequest): Promise<ExitResponse> {
  const answer = await walk(doorExit(server, request))
  const { retries } = request.route.operation
  if (answer.again !== true || request.attempt > retries) return answer
  const asked = answer.headers.find(([name]) => name === 'retry-after')?.[1]
  await pause(pauseMsOf(asked, request.attempt), request.signal)
  if (request.signal.aborted) return answer
  return attempts(server, walk, { ...request, attempt: request.attempt + 1 })
}

/** Whether the body is read here, value by value, and not only passed on. */
function isRead(way: Way): boolean {
  if (way.kind !== 'door') return way.kind === 'aws'
  return way.operation.body !== undefined || Object.keys(way.door.add.body).length > 0
}

/** AWS and function calls are asked for whole; a stream here would be a fault of ours. */
function wholeOf(content: Content): Uint8Array {
  if (content.kind === 'whole') return content.bytes
  throw new SallyportError('egress.not_whole', 'a body that must be whole was left to stream')
}

function notADoor(way: Way & { resource: string; action: string }): Parameters<typeof refusedExit>[2] {
  if (way.kind === 'refused') return way
  return { ...way, reason: { code: 'door.upgrade', layer: 'door', message: 'Nothing but HTTP is spoken here.' } }
}
