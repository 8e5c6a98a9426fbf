import { actions, arn, type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import type { Passed } from '@sallyport/core/enforcement'
import {
  type Constraints,
  describeField,
  type Door,
  matchDoorAt,
  secretsOf,
  showPosition,
  unlistedDoorArn,
} from '@sallyport/manifest'
import type { DoorRoute, DoorTools, DoorRequest } from './door-request.ts'

import { missingSecret, passDoor, publicWords } from './door-call.ts'
import type { Exit } from '../exit.ts'
import { type Judged, judgeBody, judgeQuery } from './fields.ts'
import { local } from './hand-back.ts'
import { doorReason, type Head } from '../listen/head.ts'
import { type Life, liveUnder } from '../life.ts'
import { type ExitResponse, refusalResponse } from '../refusal.ts'
import type { EgressRooms } from '../rooms.ts'

/** Finds the door by host, and the operation by method and path. The manifest's matcher is the only one there is. */
export function routeToDoor(rooms: EgressRooms, head: Head): DoorRoute {
  const app = rooms.app()
  const match = matchDoorAt(app, head, head.method)
  if (match.kind === 'door') return match
  const url = `${head.scheme}://${head.host}${head.port === undefined ? '' : `:${head.port}`}${head.path}`
  const what = `${head.method} ${url.slice(0, 500)}`
  return {
    kind: 'refused',
    resource: unlistedDoorArn(app, head.method, url.slice(0, 500), match.door?.name),
    reason:
      match.code === 'door.malformed_url'
        ? doorReason('door.path', `The path of ${what} can be read in two ways, so no door decides about it.`)
        : doorReason('door.unlisted', `No door operation answers ${what}.`),
  }
}

/** True where the body must be read whole before anything is decided, or be sent a second time. */
export function needsWhole({ door, operation }: DoorRoute & { kind: 'door' }): boolean {
  const { body, signed } = door.add // a digest is of the whole body
  return operation.body !== undefined || operation.retries > 0 || signed === true || Object.keys(body).length > 0
}

/** Bytes of a request body at most; what must be held whole is bounded by what we hold of one body, too. */
export function maxBytesOf(route: DoorRoute & { kind: 'door' }, heldBytes: number): number {
  const { maxBodyBytes } = route.operation
  return needsWhole(route) ? Math.min(maxBodyBytes, heldBytes) : maxBodyBytes
}

/** The exit for a routed request. */
export function doorExit(
  tools: DoorTools,
  request: DoorRequest,
  pass: (grant: Grant, life: Life) => Promise<Passed<ExitResponse>> = (grant, life) =>
    passDoor(tools, request, grant, life),
): Exit<ExitResponse> {
  const { rooms } = tools
  const { box, invocation, route, head } = request
  const { door, operation } = route
  const secretNames = secretsOf(door)
  const { identity, svid, signed } = door.add
  const bare = secretNames.length === 0 && identity === undefined && svid !== true && signed !== true
  let waitMs = 0
  const reads = (head.method === 'GET' || head.method === 'HEAD') && bare
  return {
    box,
    invocation,
    asks: [{ action: actions.useDoor, resource: arn.door(rooms.app().name, door.name, operation.name) }],
    durability: reads ? 'written' : 'synced',
    upstream: { host: hostOf(door), tls: door.upstream.startsWith('https:') ? '>=TLSv1.2' : 'none' },
    lack: async () => {
      const broken = brokenPart(request)
      if (broken !== undefined) return broken
      const over = overLimit(rooms, request)
      waitMs = over?.waitMs ?? 0
      if (over !== undefined) return over.reason
      const missing = secretNames.find((name) => !rooms.hasSecret(name))
      return missing === undefined ? undefined : missingSecret(rooms.app(), missing)
    },
    refuse: (decision) => {
      const refused = refusalResponse(decision)
      if (waitMs === 0) return refused
      return { ...refused, headers: [...refused.headers, ['retry-after', String(Math.ceil(waitMs / 1000))]] }
    },
    pass: async (grant) => {
      const life = liveUnder(rooms, grant, request.signal)
      const passed = await pass(grant, life).catch((error: unknown) => {
        if (!(error instanceof SallyportError)) throw error
        const ended = life.endedBy()
        const code = ended ?? error.code
        const response = local(code, publicWords(code), grant, ended ? 'aborted' : 'failed', error.message)
        return transient.has(code) ? { ...response, response: { ...response.response, again: true } } : response
      })
      void passed.outcome.then(() => life.release())
      return passed
    },
  }
}

/** Upstream troubles after which another attempt may go well. */
const transient: ReadonlySet<string> = new Set(['upstream.unreachable', 'upstream.timeout'])

/** Why the query or the body is not what the door takes; said only to those who may use it. */
function brokenPart(request: DoorRequest): Reason | undefined {
  const { head, content } = request
  const { operation, door } = request.route
  const names = (part: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
    new Map(Object.keys(part).map((name) => [name, '']))
  const query = judgeQuery(head.query, operation, names(door.add.query))
  const body =
    content.kind === 'whole'
      ? judgeBody(content.bytes, head.headers.get('content-type'), operation, names(door.add.body))
      : undefined
  return (
    reasonOf(query, 'query parameter', operation.query, request) ?? reasonOf(body, 'field', operation.body, request)
  )
}

function reasonOf(
  judged: Judged<unknown> | undefined,
  what: string,
  constraints: Constraints | undefined,
  { route: { door, operation } }: DoorRequest,
): Reason | undefined {
  if (judged === undefined || judged.kind === 'fits') return undefined
  const at = showPosition(operation.at)
  if (judged.kind === 'unreadable') return { ...doorReason('door.unreadable', judged.why), at }
  const label = `${door.name}.${operation.name}`
  const field = judged.field.slice(0, 100)
  const named = constraints?.fields.find(({ name }) => name === judged.field)
  if (named === undefined) return { ...doorReason('door.field', `${label} takes no ${what} ${field}.`), at }
  const must = [`It must come once${named.optional ? ' at most' : ''}`, describeField(named)].filter(Boolean).join(', ')
  const message = `The ${what} ${field} is not what ${label} takes. ${must}.`
  return { ...doorReason('door.field', message), at }
}

function overLimit(
  rooms: EgressRooms,
  { box, route }: DoorRequest,
): { readonly reason: Reason; readonly waitMs: number } | undefined {
  const { door, operation } = route
  for (const [limit, key] of [
    [operation.limit, `${door.name}.${operation.name}`],
    [door.limit, door.name],
  ] as const) {
    const waitMs = limit === undefined ? 0 : rooms.limiter(`door ${key} ${box.image.name}`, limit)
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      const reason = doorReason('door.limited', `${key} has been used as often as it may be; again in ${seconds} s.`)
      return { reason: { ...reason, at: showPosition(operation.limit === limit ? operation.at : door.at) }, waitMs }
    }
  }
  return undefined
}

const hosts = new WeakMap<Door, string>()

function hostOf(door: Door): string {
  const known = hosts.get(door) ?? new URL(door.upstream).host
  hosts.set(door, known)
  return known
}
