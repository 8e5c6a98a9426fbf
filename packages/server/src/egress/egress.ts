import type { IncomingMessage } from 'node:http'

import { actions, arn, type Reason, SallyportError } from '@sallyport/core/access'

import type { AttachExits, BoxListeners, Exits, FunctionImage } from '../host/index.ts'
import { createAwsDoor } from './aws.ts'
import { readBody } from './body.ts'
import { awsHost, type Box, type BoxCredential, boxEnvironment, makeCredential, subjectOf } from './box.ts'
import { callExit } from './call.ts'
import { createCallerPackages } from './caller.ts'
import { serveDns } from './dns.ts'
import { doorExit } from './door.ts'
import type { Exit } from './exit.ts'
import { cross } from './gate.ts'
import { doorReason, readHead } from './head.ts'
import { createLeaves } from './leaves.ts'
import { brokenAnswer, serveBox } from './listener.ts'
import { newId } from './records.ts'
import type { ExitResponse } from './refusal.ts'
import { defaultLimits, type EgressRooms } from './rooms.ts'
import { refusedExit, routeOf } from './route.ts'
import { createThrottle } from './throttle.ts'
import { createUpstreams } from './upstream.ts'

/** The egress door of one server. */
export interface Egress {
  readonly attachExits: AttachExits
  /** What a box must be given before it starts; `attachExits` is then called with the same box id. */
  readonly boxExtras: (image: FunctionImage, boxId: string) => BoxExtras
  readonly close: () => Promise<void>
}

/** What a box needs so that unmodified clients in it find the door and trust it. */
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
  const callers = createCallerPackages()
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
    async function onRequest(
      message: IncomingMessage,
      scheme: 'http' | 'https',
      serverName?: string,
    ): Promise<ExitResponse> {
      // Taken in the same tick in which the head was complete: this is whose request it is.
      const [invocation, signal] = [box.current(), box.signal()]
      try {
        const head = readHead(message, scheme, serverName)
        const way = routeOf(rooms, head, limits.bodyBytes)
        const inAwsForm = head.host === awsHost
        const askedBy = (): Promise<string | undefined> =>
          callers.packageOf({ ...box.image, appFolder: rooms.app().folder }, head.caller)
        const walk = (exit: Exit<ExitResponse>): Promise<ExitResponse> => cross(rooms, { ...exit, askedBy })
        if (invocation === undefined || way.kind === 'refused') {
          return await walk(refusedExit(box, invocation, way, inAwsForm))
        }
        const read = await readBody(message, {
          signal,
          maxBytes: limits.bodyBytes,
          timeoutMs: limits.idleMs,
          reserve: (bytes) => (bytesInFlight += bytes) <= limits.bytesInFlight,
        })
        try {
          if (read.kind === 'refused') {
            return await walk(refusedExit(box, invocation, { ...way, reason: read.reason }, inAwsForm))
          }
          const { body } = read
          if (way.kind === 'aws') return await walk(aws.exit(box, invocation, signal, head, body))
          if (way.kind === 'call') return await walk(callExit(rooms, box, invocation, signal, way, head, body))
          return await walk(doorExit(rooms, upstreams, box, invocation, signal, way, head, body))
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
        at: rooms.clock(),
        functionName: where.image.name,
        boxId: where.id,
        stream: 'platform',
        text: `the egress door failed (${code}) and stayed shut  id: ${id}`,
      })
      return brokenAnswer(id)
    }

    const unlisted = (what: string): string => arn.door(rooms.app().name, '?', what)
    const sockets = serveBox(listeners, limits, {
      onRequest,
      contextFor: (name) =>
        leaves(name).catch((error: unknown) => {
          broken(box, error)
          return undefined // without a leaf the handshake fails
        }),
      onUndeclaredName: (name) =>
        note(
          unlisted(name || 'no-server-name'),
          actions.useDoor,
          doorReason(
            'door.unlisted',
            name === '' ? 'A TLS connection came without a usable server name.' : `No door leads to https://${name}.`,
          ),
        ),
      onMalformed: async (code) => {
        const reason = doorReason(code, 'What was sent is not a well-formed HTTP/1.1 request.')
        if (!throttle.admit()) return brokenAnswer(newId(rooms))
        return cross(
          rooms,
          refusedExit(box, box.current(), { resource: unlisted('?'), action: actions.useDoor, reason }),
        ).catch((error: unknown) => broken(box, error))
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
