import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'

import type { Answer } from './answer.ts'
import { serveDns } from './dns-listener.ts'
import { passOn, splice } from './flow.ts'
import type { ListenerHandlers, ListenerLimits, NamedDoor } from './handlers.ts'
import type { Incoming } from './http/incoming.ts'
import { type BoxSockets, type DoorListeners, serveBox } from './listener.ts'
import { createPace } from './pace.ts'
import { greet } from './postgres-greeting.ts'
import { isTellable } from './wire/bounds.ts'
import { type Kind, kinds } from './wire/frames.ts'
import { openLink } from './wire/link.ts'
import * as messages from './wire/messages.ts'

/** So long a name's certificate is good for further handshakes without asking again. */
const nameMs = 1_000
const maxNames = 256

/**
 * Parses what one box sends to its listeners, and asks the server at the other end of `channel` about all of it. It
 * decides nothing, and holds nothing but the certificates of doors that the box has spoken to. Nothing is served before
 * the server has sent its limits. `onEnd` is called once, when the channel is no more. Gives back what is to be told of
 * bytes that come by the channel in another way than by `data`.
 */
export function serveParser(channel: Duplex, listeners: DoorListeners, onEnd: () => void): (bytes: Buffer) => void {
  let generation = 0
  let lastId = 0
  let sockets: BoxSockets | undefined
  const pace = createPace()
  // Of connections: forgotten with them.
  const exchanges = new Map<number, (kind: Kind, payload: Buffer) => void>()
  // Of names: answered whenever the server does.
  const questions = new Map<number, (payload: Buffer) => void>()
  const names = new Map<string, { readonly door: Promise<NamedDoor>; readonly askedAt: number }>()

  const link = openLink(channel, {
    side: 'parser',
    onFrame,
    onFault: () => undefined,
    onEnd: () => {
      sockets?.dropAll() // nobody is asked any more
      onEnd()
    },
  })

  function onFrame(kind: Kind, id: number, payload: Buffer): void {
    if (kind === kinds.settings) return begin(valueOf(messages.settings.read(payload)))
    if (kind === kinds.clear) return clear(id)
    const asked = questions.get(id)
    if (asked === undefined) return exchanges.get(id)?.(kind, payload)
    questions.delete(id)
    asked(payload)
  }

  /** Everything that was open is closed, and only then said to be. */
  function clear(next: number): void {
    generation = next
    pace.release()
    sockets?.dropAll()
    exchanges.clear()
    link.forgetStreams()
    link.send(kinds.cleared, next)
  }

  function begin(limits: ListenerLimits): void {
    if (sockets !== undefined) return
    sockets = serveBox(listeners, limits, handlers)
    serveDns(listeners.dns, limits.dnsPerSecond, {
      onQuestion: (question) =>
        ask(kinds.question, messages.question.write(question)).then((payload) => {
          if (payload.length === 0) return undefined
          const { code, address } = valueOf(messages.resolved.read(payload))
          return { code, ...(address === undefined ? {} : { address }) }
        }),
      onUnreadable: () => link.send(kinds.unreadable, 0),
      onTooMany: () => handlers.onLimit('exit.too_many_names'),
    })
  }

  const handlers: ListenerHandlers = {
    pace,
    onRequest: (incoming) => passRequest(kinds.request, incoming),
    onUpgrade: (incoming) => passRequest(kinds.upgrade, incoming),
    onMalformed: (code) => {
      const id = ++lastId
      return new Promise((resolve) => {
        exchanges.set(id, (_, payload) => {
          exchanges.delete(id)
          resolve(answerOf(valueOf(messages.answer.read(payload))))
        })
        link.send(kinds.malformed, id, messages.malformed.write(code))
      })
    },
    onUndeclaredName: (name) => link.send(kinds.undeclared, 0, messages.name.write(name.slice(0, 255))),
    onLimit: (code) => link.send(kinds.limit, 0, messages.limit.write(code)),
    doorOf: (name) => {
      const known = names.get(name)
      if (known !== undefined && performance.now() - known.askedAt < nameMs) return known.door
      const door =
        name.length > 255
          ? Promise.resolve<NamedDoor>({ kind: 'none' })
          : ask(kinds.name, messages.name.write(name)).then((payload): NamedDoor => {
              const found = valueOf(messages.named.read(payload))
              if (found === 'opaque') return { kind: 'opaque' }
              return found === undefined ? { kind: 'none' } : { kind: 'leaf', context: contextOf(found) }
            })
      names.delete(name)
      names.set(name, { door, askedAt: performance.now() })
      const oldest = names.keys().next().value
      if (names.size > maxNames && oldest !== undefined) names.delete(oldest)
      return door
    },
    onOpaque: (socket, name) => {
      const id = ++lastId
      const stream = link.stream(id)
      link.send(kinds.opaque, id, messages.opaque.write({ generation, name }))
      splice(socket, stream)
    },
    onPort: (socket, port) => {
      const id = ++lastId
      const stream = link.stream(id)
      const apart = endTogether(socket, stream)
      exchanges.set(id, (kind, payload) => {
        exchanges.delete(id)
        apart()
        if (kind === kinds.relay) return splice(socket, stream)
        const leaf = valueOf(messages.named.read(payload))
        const context = leaf === undefined || leaf === 'opaque' ? undefined : contextOf(leaf)
        void passGreeting(id, socket, stream, context)
      })
      const localAddress = socket.localAddress ?? ''
      link.send(kinds.port, id, messages.port.write({ generation, port, localAddress }))
    },
  }

  return (bytes) => link.hear(bytes)

  function passRequest(kind: typeof kinds.request | typeof kinds.upgrade, incoming: Incoming): Promise<Answer> {
    if (!isTellable(incoming)) return handlers.onMalformed('request.malformed')
    const id = ++lastId
    const { body } = incoming
    return new Promise((resolve) => {
      let stream = body.kind === 'whole' ? undefined : link.stream(id)
      let trailers: Answer['headers'] = []
      exchanges.set(id, (said, payload) => {
        if (said === kinds.proceed) return incoming.proceed()
        if (said === kinds.trailers) {
          trailers = valueOf(messages.trailers.read(payload))
          return
        }
        const answer = valueOf(messages.answer.read(payload))
        if (answer.kind === 'whole') {
          exchanges.delete(id)
          return resolve(answerOf(answer))
        }
        const ways = body.kind === 'whole' && answer.kind === 'stream' ? { writable: false } : {}
        const rest = (stream ??= link.stream(id, ways))
        rest.once('close', () => exchanges.delete(id))
        const { status, headers } = answer
        if (answer.kind === 'tunnel')
          return resolve({ status, headers, body: new Uint8Array(), tunnel: (box) => splice(box, rest) })
        resolve({ status, headers, body: rest, ...(answer.trailers && { trailers: () => trailers }) })
      })
      const { scheme, protocol, serverName, method, target, rawHeaders, localAddress } = incoming
      const whole = body.kind === 'whole' ? body.bytes : undefined
      const head = { generation, scheme, protocol, serverName, method, target, rawHeaders, localAddress, whole }
      link.send(kind, id, messages.request.write(head))
      if (body.kind === 'stream' && stream !== undefined) passOn(body.stream, stream)
    })
  }

  async function passGreeting(
    id: number,
    socket: Socket,
    stream: Duplex,
    context: SecureContext | undefined,
  ): Promise<void> {
    const apart = endTogether(socket, stream)
    const greeting = await greet(socket, context)
    if (socket.destroyed || stream.destroyed) return
    link.send(kinds.greeting, id, messages.greeting.write(greeting))
    if (greeting.kind === 'malformed') return
    apart()
    splice(greeting.client, stream)
  }

  function ask(kind: typeof kinds.name | typeof kinds.question, payload: Uint8Array): Promise<Buffer> {
    const id = ++lastId
    return new Promise((resolve) => {
      questions.set(id, (answer) => resolve(Buffer.from(answer)))
      link.send(kind, id, payload)
    })
  }
}

const contexts = new Map<string, SecureContext>()

/** One context for each certificate: to make one takes as long as a small request. */
function contextOf({ key, cert }: messages.LeafMessage): SecureContext {
  const known = contexts.get(cert)
  if (known !== undefined) return known
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  const context = createSecureContext({ key, cert, minVersion: 'TLSv1.2' })
  contexts.set(cert, context)
  const oldest = contexts.keys().next().value
  if (contexts.size > maxNames && oldest !== undefined) contexts.delete(oldest)
  return context
}

function answerOf({ status, headers, trailers, body }: messages.AnswerMessage): Answer {
  return trailers === undefined ? { status, headers, body } : { status, headers, body, trailers: () => trailers }
}

/** Until something is passed on, the end of either is the end of both. Gives back what separates them again. */
function endTogether(one: Duplex, other: Duplex): () => void {
  const [endOne, endOther] = [() => void one.destroy(), () => void other.destroy()]
  one.once('close', endOther)
  other.once('close', endOne)
  return () => {
    one.off('close', endOther)
    other.off('close', endOne)
  }
}

/** The server is believed; what it sends and cannot be read is a fault of ours, and ends this process. */
function valueOf<T>(read: { readonly value: T } | undefined): T {
  if (read === undefined) throw new Error('the server sent what is no message')
  return read.value
}
