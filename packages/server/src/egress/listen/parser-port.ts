import { Duplex } from 'node:stream'

import { giveBack } from '../../host/index.ts'
import { flow, kinds, maxWholeBytes, messages, openLink, type Pace } from '../../parser/index.ts'
import type { ExitResponse } from '../refusal.ts'
import { incomingOf } from './port-incoming.ts'
import type { ParserPort, PortConnection, PortHandlers, PortLimits, Under } from './port-handlers.ts'

/** What the thread that serves all boxes spends on one frame, at most: see `Costs`. */
const frameCost = 0.005
/** Besides one for each stream that a box may have: names, and what is just being refused. */
const furtherExchanges = 1_024

const tunnelKinds: ReadonlySet<number> = new Set([kinds.upgrade, kinds.port, kinds.opaque])

/**
 * Serves the parser of one box. Adversary: that process, taken over by a box through a fault in what it parses with.
 * Nothing else speaks on its channel, and it speaks for no other box: what it may claim is what its box could have
 * sent, for the invocation that runs. Whatever it sends beyond its protocol ends it.
 */
export function servePort(
  channel: Duplex,
  limits: PortLimits,
  pace: Pace,
  now: () => Under,
  handlers: PortHandlers,
): ParserPort {
  let generation = 0
  let confirmed = 0
  let lastId = 0
  let exchanges = 0
  let tunnels = 0
  let before: Under | undefined
  let over = false
  const greetings = new Map<number, (greeting: messages.GreetingMessage) => void>()
  const clearing = new Map<number, { readonly done: () => void; readonly timer: NodeJS.Timeout }>()

  const link = openLink(channel, {
    side: 'server',
    onFrame: (kind, id, payload) => {
      const fault = take(kind, id, payload)
      if (fault !== undefined) fail(fault)
    },
    onFault: fail,
    onEnd: end,
    pauseAfter: (frames) => (pace.now(frames * frameCost) ? undefined : pace.later(frames * frameCost)),
  })
  const { connections, streams, headerBytes, idleMs, dnsPerSecond, webPorts = [] } = limits
  const settings = { connections, streams, headerBytes, idleMs, dnsPerSecond, webPorts }
  link.send(kinds.settings, 0, messages.settings.write(settings))
  const maxExchanges = connections * streams + furtherExchanges
  // Each is a descriptor of the server's. Those that the parser has just closed count for a moment longer here.
  const maxTunnels = 2 * connections

  function fail(fault: string): void {
    if (over) return
    over = true
    link.destroy()
    handlers.onFault(fault)
  }

  function end(): void {
    over = true
    for (const { done, timer } of clearing.values()) {
      clearTimeout(timer)
      done()
    }
    clearing.clear()
  }

  /** What is wrong with a frame, if anything is. */
  function take(kind: number, id: number, payload: Buffer): string | undefined {
    switch (kind) {
      case kinds.cleared:
        return cleared(id)
      case kinds.undeclared: {
        const name = messages.name.read(payload)
        if (name === undefined) return 'undeclared'
        void handlers.onUndeclaredName(name.value)
        return undefined
      }
      case kinds.limit: {
        const code = messages.limit.read(payload)
        if (code === undefined) return 'limit'
        void handlers.onLimit(code.value)
        return undefined
      }
      case kinds.unreadable:
        handlers.onUnreadableQuestion()
        return undefined
      case kinds.greeting: {
        const greeting = messages.greeting.read(payload)
        const waiting = greetings.get(id)
        greetings.delete(id)
        if (greeting === undefined || (waiting === undefined && clearing.size === 0)) return 'greeting'
        waiting?.(greeting.value)
        return undefined
      }
      default:
        // An id is given out once: a second head for one that was answered would be another request's answer.
        if (id <= lastId) return 'id'
        lastId = id
        if (exchanges >= maxExchanges) return 'exchanges'
        if (tunnels >= maxTunnels && tunnelKinds.has(kind)) return 'tunnels'
        return begin(kind, id, payload)
    }
  }

  function begin(kind: number, id: number, payload: Buffer): string | undefined {
    switch (kind) {
      case kinds.request:
      case kinds.upgrade: {
        const head = messages.request.read(payload)
        const under = head && underOf(head.value.generation)
        if (head === undefined || under === undefined) return 'request'
        // By itself: what waits for an answer must not hold the head and its body with it.
        const { generation: accepted } = head.value
        const stream = head.value.whole === undefined ? streamOf(id, accepted) : undefined
        const incoming = incomingOf(head.value, stream, () => link.send(kinds.proceed, id))
        const answered =
          kind === kinds.request ? handlers.onRequest(incoming, under) : handlers.onUpgrade(incoming, under)
        count(answered.then((response) => answer(id, accepted, response, stream)))
        return undefined
      }
      case kinds.malformed: {
        const code = messages.malformed.read(payload)
        if (code === undefined) return 'malformed'
        const at = generation
        count(handlers.onMalformed(code.value).then((response) => answer(id, at, response, undefined)))
        return undefined
      }
      case kinds.name: {
        const name = messages.name.read(payload)
        if (name === undefined) return 'name'
        count(handlers.doorOf(name.value).then((door) => link.send(kinds.named, id, messages.named.write(door))))
        return undefined
      }
      case kinds.question: {
        const question = messages.question.read(payload)
        if (question === undefined) return 'question'
        count(
          handlers.onQuestion(question.value).then((told) => {
            // The parser forgets a question that gets no answer only when it is told so.
            link.send(kinds.resolved, id, told === undefined ? undefined : messages.resolved.write(told))
          }),
        )
        return undefined
      }
      case kinds.opaque: {
        const opened = messages.opaque.read(payload)
        const under = opened && underOf(opened.value.generation)
        if (opened === undefined || under === undefined) return 'opaque'
        const stream = streamOf(id, opened.value.generation)
        countTunnel(stream)
        void handlers.onOpaque(stream, opened.value.name, under)
        return undefined
      }
      case kinds.port: {
        const opened = messages.port.read(payload)
        const under = opened && underOf(opened.value.generation)
        if (opened === undefined || under === undefined) return 'port'
        const { port, localAddress } = opened.value
        const stream = streamOf(id, opened.value.generation)
        countTunnel(stream)
        const connection = {
          stream,
          port,
          localAddress,
          relay: () => link.send(kinds.relay, id),
          greet: greetOn(id, stream),
        }
        void handlers.onPort(connection, under)
        return undefined
      }
      default:
        return 'kind'
    }
  }

  function greetOn(id: number, stream: Duplex): PortConnection['greet'] {
    return (leaf) =>
      new Promise((resolve) => {
        const done = (greeting: messages.GreetingMessage): void => resolve({ ...greeting, client: stream })
        if (stream.destroyed) return done({ kind: 'malformed' })
        greetings.set(id, done)
        stream.once('close', () => {
          greetings.delete(id)
          done({ kind: 'malformed' })
        })
        link.send(kinds.greet, id, messages.named.write(leaf))
      })
  }

  /**
   * Whose a connection is, by the number under which it was accepted: the present one's; or, until the parser has said
   * that all of it is closed, that of what has just ended. Any other is a lie.
   */
  function underOf(accepted: number): Under | undefined {
    if (accepted === generation) return now()
    return accepted >= confirmed && accepted < generation ? before : undefined
  }

  /** Of what has ended, nothing is read and nothing is sent. */
  function streamOf(id: number, accepted: number): Duplex {
    return accepted === generation ? link.stream(id) : new Duplex().destroy()
  }

  function answer(id: number, accepted: number, response: ExitResponse, stream: Duplex | undefined): void {
    const { status, headers, body, trailers, tunnel } = response
    if (over || accepted !== generation || stream?.destroyed === true) {
      if (!(body instanceof Uint8Array)) body.destroy()
      return
    }
    if (tunnel !== undefined) {
      const rest = stream ?? link.stream(id)
      countTunnel(rest)
      const opened = { kind: 'tunnel', status, headers, trailers: undefined, body: none } as const
      link.send(kinds.answer, id, messages.answer.write(opened))
      return tunnel(rest)
    }
    if (body instanceof Uint8Array && body.length <= maxWholeBytes) {
      link.send(
        kinds.answer,
        id,
        messages.answer.write({ kind: 'whole', status, headers, trailers: trailers?.(), body }),
      )
      // Whatever else there may be of its body is not read.
      stream?.destroy()
      return
    }
    const rest = stream ?? link.stream(id, { readable: false })
    countUntilClosed(rest)
    const begun = { kind: 'stream', status, headers, trailers: trailers && [], body: none } as const
    link.send(kinds.answer, id, messages.answer.write(begun))
    const sendTrailers = (): void => {
      const pairs = trailers?.() ?? []
      if (pairs.length > 0) link.send(kinds.trailers, id, messages.trailers.write(pairs))
    }
    if (body instanceof Uint8Array) {
      sendTrailers()
      // What goes over a channel was copied into its frames, and nobody else has a body that was answered.
      rest.once('close', () => giveBack([body]))
      rest.end(body)
    } else {
      body.once('end', sendTrailers)
      flow(body, rest)
    }
  }

  function count(work: Promise<unknown>): void {
    exchanges += 1
    void work.then(() => (exchanges -= 1)) // nothing here rejects
  }

  function countUntilClosed(stream: Duplex): void {
    exchanges += 1
    stream.once('close', () => (exchanges -= 1))
  }

  function countTunnel(stream: Duplex): void {
    tunnels += 1
    stream.once('close', () => (tunnels -= 1))
    countUntilClosed(stream)
  }

  function cleared(number: number): string | undefined {
    const waiting = clearing.get(number)
    if (waiting === undefined || number !== confirmed + 1) return 'cleared'
    confirmed = number
    clearing.delete(number)
    clearTimeout(waiting.timer)
    if (clearing.size === 0) {
      before = undefined
      link.expectNoMore()
    }
    waiting.done()
    return undefined
  }

  return {
    clear: (ended) => {
      if (over) return Promise.resolve()
      before = ended
      generation += 1
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(() => fail('unconfirmed'), limits.clearMs)
      clearing.set(generation, { done: resolve, timer })
      greetings.clear()
      link.forgetStreams()
      link.send(kinds.clear, generation)
      return promise
    },
    close: () => {
      over = true
      link.destroy()
    },
  }
}

const none = new Uint8Array()
