import type { IncomingMessage } from 'node:http'

import { actions, arn, type Deny, type Reason, SallyportError } from '@sallyport/core/access'

import type { AttachExits, BoxListeners, Exits, FunctionImage } from '../host/engine.ts'
import type { Invocation } from '../host/invocation.ts'
import { awsRefusal, createAwsDoor } from './aws.ts'
import { isMetadata } from './address.ts'
import { readBody } from './body.ts'
import { awsHost, type Box, type BoxCredential, boxEnvironment, makeCredential, subjectOf } from './box.ts'
import { callExit, functionSuffix, routeToFunction } from './call.ts'
import { serveDns } from './dns.ts'
import { doorExit, routeToDoor } from './door.ts'
import { cross, type Exit } from './gate.ts'
import { doorReason, type Head, readHead } from './head.ts'
import { createLeaves } from './leaves.ts'
import { brokenAnswer, serveBox } from './listener.ts'
import { newId } from './records.ts'
import { type ExitResponse, refusalResponse } from './refusal.ts'
import { defaultLimits, type EgressRooms } from './rooms.ts'
import { createThrottle } from './throttle.ts'
import { createUpstreams } from './upstream.ts'

/** The egress door of one server. */
export interface Egress {
  readonly attachExits: AttachExits
  /** What a box must be given before it starts; `attachExits` is then called with the same box id. */
  readonly boxExtras: (image: FunctionImage, boxId: string) => BoxExtras
  readonly close: () => Promise<void>
}

export interface BoxExtras {
  /** Nothing in it is secret outside this one box. */
  readonly environment: Readonly<Record<string, string>>
  /** To be trusted inside the box, and nowhere else. */
  readonly caPem: string
}

/** Makes the door through which everything leaves that leaves a box. */
export function createEgress(rooms: EgressRooms): Egress {
  const limits = { ...defaultLimits, ...rooms.limits }
  const upstreams = createUpstreams(rooms.upstreamCaPem)
  const aws = createAwsDoor(rooms, upstreams)
  const leaves = createLeaves(rooms)
  const expected = new Map<string, { readonly image: FunctionImage; readonly credential: BoxCredential }>()

  function attachExits(listeners: BoxListeners): Exits {
    const given = expected.get(listeners.boxId)
    if (!given) throw new SallyportError('egress.unknown_box', `the box ${listeners.boxId} was given no extras`)
    let ending = new AbortController()
    let bytesInFlight = 0
    const box: Box = {
      id: listeners.boxId,
      image: given.image,
      subject: subjectOf(given.image),
      credential: given.credential,
      current: listeners.current,
      signal: () => ending.signal,
    }
    const throttle = createThrottle(rooms, limits.recordedRefusalsPerSecond, `refused exits of box ${box.id}`)

    /** The way of one request, from its head to its answer. Throws nothing: what breaks is a refusal. */
    async function onRequest(message: IncomingMessage, scheme: 'http' | 'https', serverName?: string): Promise<ExitResponse> {
      // Taken in the same tick in which the head was complete: this is whose request it is.
      const [invocation, signal] = [box.current(), box.signal()]
      try {
        const head = readHead(message, scheme, serverName)
        const way = routeOf(rooms, head, limits.bodyBytes)
        const inAwsForm = head.host === awsHost
        if (invocation === undefined || way.kind === 'refused') {
          return await cross(rooms, refusedExit(box, invocation, way, inAwsForm))
        }
        const read = await readBody(message, {
          signal, maxBytes: limits.bodyBytes, timeoutMs: limits.idleMs,
          reserve: (bytes) => (bytesInFlight += bytes) <= limits.bytesInFlight,
        })
        try {
          if (read.kind === 'refused') {
            return await cross(rooms, refusedExit(box, invocation, { ...way, reason: read.reason }, inAwsForm))
          }
          const { body } = read
          if (way.kind === 'aws') return await cross(rooms, aws.exit(box, invocation, signal, head, body))
          if (way.kind === 'call') return await cross(rooms, callExit(rooms, box, invocation, signal, way, head, body))
          return await cross(rooms, doorExit(rooms, upstreams, box, invocation, signal, way, head, body))
        } finally {
          bytesInFlight -= read.reserved
        }
      } catch (error) {
        return broken(box, error)
      }
    }

    /** Records a refusal that has no request behind it; floods become counted gaps. */
    async function note(resource: string, action: string, reason: Reason): Promise<boolean> {
      if (!throttle.admit()) return false
      try {
        await cross(rooms, refusedExit(box, box.current(), { resource, action, reason }))
        return true
      } catch (error) {
        broken(box, error)
        return false
      }
    }

    function broken(where: Box, error: unknown): ExitResponse {
      const id = newId(rooms)
      const code = error instanceof SallyportError ? error.code : error instanceof Error ? error.name : 'unknown'
      rooms.log({
        at: rooms.clock(), functionName: where.image.name, boxId: where.id, stream: 'platform',
        text: `the egress door failed (${code}) and stayed shut  id: ${id}`,
      })
      return brokenAnswer(id)
    }

    const unlisted = (what: string): string => arn.door(rooms.app().name, '?', what)
    const sockets = serveBox(listeners, limits, {
      onRequest,
      contextFor: leaves,
      onUndeclaredName: (name) => note(unlisted(name || 'no-server-name'), actions.useDoor, doorReason(
        'door.unlisted', name === '' ? 'A TLS connection came without a usable server name.' : `No door leads to https://${name}.`,
      )),
      onMalformed: async (code) => {
        const reason = doorReason(code, 'What was sent is not a well-formed HTTP/1.1 request.')
        if (!throttle.admit()) return brokenAnswer(newId(rooms))
        return cross(rooms, refusedExit(box, box.current(), { resource: unlisted('?'), action: actions.useDoor, reason }))
          .catch((error: unknown) => broken(box, error))
      },
    })
    const stopDns = serveDns(rooms, listeners.dns, limits.dnsPerSecond, note, () => throttle.count())

    const endInvocation = (): void => {
      ending.abort()
      ending = new AbortController()
      sockets.dropAll()
    }
    return {
      endInvocation,
      close: () => {
        endInvocation()
        sockets.close()
        stopDns()
        throttle.close()
        expected.delete(box.id)
      },
    }
  }

  return {
    attachExits,
    boxExtras: (image, boxId) => {
      const credential = makeCredential(rooms.random)
      expected.set(boxId, { image, credential })
      return { environment: boxEnvironment(rooms.app(), credential), caPem: rooms.interception.caPem }
    },
    close: () => upstreams.close(),
  }
}

type Way =
  | (ReturnType<typeof routeToDoor> & { kind: 'door' })
  | (ReturnType<typeof routeToFunction> & { kind: 'call' })
  | { readonly kind: 'aws' }
  | Refusal

interface Refusal {
  readonly kind: 'refused'
  readonly resource: string
  readonly action: string
  readonly reason: Reason
}

/** Where a head leads. What is certain here needs no body, and so none is read. */
function routeOf(rooms: EgressRooms, head: Head, maxBodyBytes: number): Way & { resource: string; action: string } {
  const app = rooms.app()
  const base = { resource: arn.door(app.name, '?', head.host || '?'), action: actions.useDoor }
  const refuse = (reason: Reason, resource = base.resource, action: string = base.action): Refusal =>
    ({ kind: 'refused', resource, action, reason })
  if (isMetadata(head.destination)) {
    return refuse(doorReason('door.unlisted', `No door leads to ${head.destination}, a metadata address.`))
  }
  if (head.fault) return refuse(head.fault)
  if ((head.contentLength ?? 0) > maxBodyBytes) return refuse(tooLarge(maxBodyBytes))
  if (head.scheme === 'http' && (head.port ?? '80') === '80') {
    if (head.host === awsHost) return { ...base, kind: 'aws', resource: arn.door(app.name, 'aws', '?') }
    if (head.host.endsWith(functionSuffix)) {
      const route = routeToFunction(rooms, head)
      return route.kind === 'refused'
        ? refuse(route.reason, route.resource, actions.invokeFunction)
        : { ...route, resource: `${route.target.arn}/${route.operation}`, action: actions.invokeFunction }
    }
  }
  const route = routeToDoor(rooms, head)
  return route.kind === 'refused'
    ? refuse(route.reason, route.resource)
    : { ...route, action: actions.useDoor, resource: arn.door(app.name, route.door.name, route.operation.name) }
}

export function tooLarge(maxBytes: number): Reason {
  return doorReason('request.too_large', `A request body may hold ${maxBytes} bytes at most.`)
}

function refusedExit(
  box: Box,
  invocation: Invocation | undefined,
  way: { readonly resource: string; readonly action: string; readonly reason?: Reason },
  inAwsForm = false,
): Exit<ExitResponse> {
  return {
    box,
    invocation,
    asks: [{ action: way.action, resource: way.resource }],
    ...(way.reason === undefined ? {} : { refusal: way.reason }),
    durability: 'written',
    refuse: (decision: Deny) => (inAwsForm ? awsRefusal('AccessDeniedException', decision) : refusalResponse(decision)),
    pass: (grant) => {
      throw new SallyportError('egress.refusal_ignored', `a refused exit was admitted as ${grant.decision.id}`)
    },
  }
}
