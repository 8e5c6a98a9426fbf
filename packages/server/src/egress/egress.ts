import { actions, arn, type Reason, SallyportError } from '@sallyport/core/access'

import type { AttachExits, BoxChannel, Exits, FunctionImage } from '../host/index.ts'
import { createAwsDoor } from './aws/aws.ts'
import { createBoxLimits } from './box-limits.ts'
import { type Box, type BoxCredential, boxEnvironment, makeCredential, subjectOf } from './box.ts'
import { createCallerPackages } from './listen/caller.ts'
import { createAskedNames } from './dns/asked-names.ts'
import { createNameAnswers } from './dns/dns.ts'
import { createEnding, type Ending } from './ending.ts'
import { cross } from './gate.ts'
import { doorReason } from './listen/head.ts'
import { createLeaves } from './listen/leaves.ts'
import { servePort } from './listen/parser-port.ts'
import type { Under } from './listen/port-handlers.ts'
import { newId } from './records.ts'
import { defaultLimits, type EgressRooms, type Leaf } from './rooms.ts'
import { refusedExit } from './refused-exit.ts'
import { broken, brokenAnswer, type RequestServer, serveRequest, serveUpgrade } from './serve-request.ts'
import { createThrottle } from './door/throttle.ts'
import { createTokens } from './door/tokens.ts'
import { createTunnels } from './tunnel/tunnel.ts'
import { createUpstreams } from './upstream/upstream.ts'
import { createPace } from '../parser/index.ts'

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

/** A parser that takes longer to close what is open is ended, and its box is replaced. */
const clearMs = 10_000

/** Makes the door through which everything leaves that leaves a box. */
export function createEgress(rooms: EgressRooms): Egress {
  const limits = { ...defaultLimits, ...rooms.limits }
  const upstreams = createUpstreams(rooms.upstreamCaPem, rooms.mayOpen)
  const tokens = createTokens(upstreams, rooms.clock)
  const aws = createAwsDoor(rooms, upstreams)
  const leaves = createLeaves(rooms)
  const callers = createCallerPackages()
  const expected = new Map<string, { readonly image: FunctionImage; readonly credential: BoxCredential }>()

  function attachExits({ boxId, channel, current, onFault }: BoxChannel): Exits {
    const given = expected.get(boxId)
    if (!given) throw new SallyportError('egress.unknown_box', `the box ${boxId} was given no extras`)
    let ending = createEnding()
    const box: Box = {
      id: boxId,
      image: given.image,
      subject: subjectOf(given.image),
      credential: given.credential,
      current,
      signal: () => ending.signal,
    }
    const throttle = createThrottle(rooms, limits.recordedRefusalsPerSecond, `refused exits of box ${box.id}`)
    const pace = createPace()
    const held = createBoxLimits(rooms, box, limits, throttle, (error) => broken({ rooms, box }, error))
    const server: RequestServer = {
      rooms,
      upstreams,
      tokens,
      maxAnswerBytes: limits.bodyBytes,
      box,
      limits,
      aws,
      callers,
      held,
      pace,
    }

    /** Records a refusal that has no request behind it; floods become counted gaps. */
    async function note(resource: string, action: string, reason: Reason): Promise<boolean> {
      if (!throttle.admit()) return false
      try {
        await cross(rooms, refusedExit(box, box.current(), { resource, action, reason }))
        return true
      } catch (error) {
        broken(server, error)
        return false
      }
    }

    const unlisted = (what: string): string => arn.door(rooms.app().name, '?', what)
    const leafFor = (name: string): Promise<Leaf | undefined> =>
      leaves(name).catch((error: unknown) => {
        broken(server, error)
        return undefined // without a leaf the handshake fails
      })
    const tunnels = createTunnels(server, leafFor, rooms.upstreamCaPem)
    const asked = createAskedNames(rooms, box)
    const now = (): Under => ({ invocation: box.current(), signal: box.signal() })
    const port = servePort(channel, { ...limits, clearMs, webPorts: given.image.webPorts ?? [] }, pace, now, {
      doorOf: async (name) => (tunnels.isOpaque(name) ? 'opaque' : leafFor(name)),
      onLimit: held.over,
      onRequest: (incoming, under) => serveRequest(server, incoming, under),
      onUpgrade: (incoming, under) => serveUpgrade(server, incoming, under),
      onOpaque: tunnels.onOpaque,
      onPort: tunnels.onConnection,
      onUnreadableQuestion: () => throttle.count(),
      onQuestion: createNameAnswers(rooms, limits.dnsPerSecond, asked, {
        note,
        count: () => throttle.count(),
        over: () => void held.over('exit.too_many_names'),
      }),
      onFault: (fault) => {
        const words = `The process that parses what this box sends broke its protocol (${fault}), and was ended.`
        void note(unlisted('parser'), actions.useDoor, doorReason('exit.parser_fault', words))
        onFault(fault)
      },
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
        const long = code === 'request.header_too_large'
        const message = long
          ? `The head of a request may hold ${limits.headerBytes} bytes.`
          : 'What was sent is not a well-formed HTTP request.'
        const reason = doorReason(code, message)
        if (!throttle.admit()) return brokenAnswer(newId(rooms))
        return cross(
          rooms,
          refusedExit(box, box.current(), { resource: unlisted('?'), action: actions.useDoor, reason }),
        ).catch((error: unknown) => broken(server, error))
      },
    })
    const end = (): Ending => {
      asked.flush()
      held.endInvocation()
      pace.release()
      const { signal } = ending
      ending.abort()
      ending = createEnding()
      return signal
    }
    return {
      endInvocation: (invocation) => port.clear({ invocation, signal: end() }),
      close: () => {
        end()
        port.close()
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
