import type { Answer } from '../answer.ts'
import {
  connectionLimits,
  type ConnectionLimit,
  type ListenerLimits,
  malformedCodes,
  type MalformedCode,
} from '../handlers.ts'
import type { Incoming } from '../http/incoming.ts'
import { maxParameters } from '../postgres-messages.ts'
import { maxAddressBytes, maxHeadBytes, maxHeaders, maxMethodBytes, maxNameBytes } from './bounds.ts'
import { Malformed, pack, type Packer, unpack, type Unpacker } from './pack.ts'

// Each message as it is written and as it is read, side by side. What the server reads comes from a process that may
// have been taken over: nothing in it is longer or more than stands here, and what is left over is a fault.

/** One kind of message, as it is written and read. What cannot be read is undefined. */
interface Message<T> {
  write(one: T): Buffer
  read(payload: Buffer): { readonly value: T } | undefined
}

/** Which invocations' connections a message is of; see `kinds.clear`. */
export type Generation = number

/** The head of a request, and its body where that had come with it. */
export type RequestMessage = Omit<Incoming, 'body' | 'proceed'> & {
  readonly generation: Generation
  /** Undefined where it is still on its way. */
  readonly whole: Uint8Array | undefined
}

/** How a session of PostgreSQL began. */
export type GreetingMessage =
  | { readonly kind: 'malformed' }
  | { readonly kind: 'start'; readonly minor: number; readonly parameters: ReadonlyMap<string, string> }
  | { readonly kind: 'cancel'; readonly key: Buffer }

/** A question of DNS. */
export interface QuestionMessage {
  readonly name: string
  readonly type: number
}

/** The answer to it. */
export interface ResolvedMessage {
  readonly code: number
  readonly address: string | undefined
}

/** A connection to a further port. */
export interface PortMessage {
  readonly generation: Generation
  readonly port: number
  /** The address that the code dialled. */
  readonly localAddress: string
}

/** A connection for a name that an opaque door has. */
export interface OpaqueMessage {
  readonly generation: Generation
  readonly name: string
}

/** A certificate for a door's name, with its key, PEM both; good for a few days. */
export interface LeafMessage {
  readonly key: string
  readonly cert: string
}

/** An answer without its body, which stands behind it or streams. */
export interface AnswerMessage extends Pick<Answer, 'status' | 'headers'> {
  readonly kind: 'whole' | 'stream' | 'tunnel'
  /** Whether there may be trailers; those of a whole answer stand here. */
  readonly trailers: Answer['headers'] | undefined
  readonly body: Uint8Array
}

const none = new Uint8Array()
const schemes = ['http', 'https'] as const
const protocols = ['1.1', '2'] as const
const maxWholeBytes = 64 * 1024
const maxStartupBytes = 10_000

/** A head that is complete, and its body where that had come with it. */
export const request: Message<RequestMessage> = {
  write: (one) =>
    pack()
      .number(one.generation)
      .byte(schemes.indexOf(one.scheme))
      .byte(protocols.indexOf(one.protocol))
      .byte(one.serverName === undefined ? 0 : 1)
      .byte(one.whole === undefined ? 0 : 1)
      .text(one.serverName ?? '')
      .text(one.method)
      .text(one.target)
      .text(one.localAddress)
      .texts(one.rawHeaders)
      .rest(one.whole ?? none)
      .done(),
  read: parsed((from): RequestMessage => {
    const generation = from.number()
    const scheme = from.one(schemes)
    const protocol = from.one(protocols)
    const named = from.flag()
    const whole = from.flag()
    const serverName = from.text(maxNameBytes)
    const method = from.text(maxMethodBytes)
    const target = from.text(maxHeadBytes)
    const localAddress = from.text(maxAddressBytes)
    const rawHeaders = from.texts(maxHeaders, maxHeadBytes)
    if (rawHeaders.length % 2 !== 0) throw new Malformed('a header without a value')
    const bytes = from.rest(whole ? maxWholeBytes : 0)
    return {
      generation,
      scheme,
      protocol,
      serverName: named ? serverName : undefined,
      method,
      target,
      localAddress,
      rawHeaders,
      whole: whole ? bytes : undefined,
    }
  }),
}

/** Bytes that are no request. */
export const malformed: Message<MalformedCode> = {
  write: (code) => pack().byte(malformedCodes.indexOf(code)).done(),
  read: parsed((from) => from.one(malformedCodes)),
}

/** A limit that was reached by what is no request. */
export const limit: Message<ConnectionLimit> = {
  write: (code) => pack().byte(connectionLimits.indexOf(code)).done(),
  read: parsed((from) => from.one(connectionLimits)),
}

/** A name of a TLS handshake, or none. */
export const name: Message<string> = {
  write: (text) => pack().text(text).done(),
  read: parsed((from) => from.text(maxNameBytes)),
}

/** A question of DNS; the answer is `resolved`. */
export const question: Message<QuestionMessage> = {
  write: (one) => pack().number(one.type).text(one.name).done(),
  read: parsed((from) => {
    const type = from.number()
    const asked = from.text(maxNameBytes)
    if (type > 0xffff || !/^[a-z0-9_?.-]*$/.test(asked)) throw new Malformed('this is no question of DNS')
    return { type, name: asked }
  }),
}

/** A connection to a further port; the answer is `relay` or `greet`. */
export const port: Message<PortMessage> = {
  write: (one) => pack().number(one.generation).number(one.port).text(one.localAddress).done(),
  read: parsed((from) => ({
    generation: from.number(),
    port: from.number(),
    localAddress: from.text(maxAddressBytes),
  })),
}

/** A connection for the name of an opaque door. */
export const opaque: Message<OpaqueMessage> = {
  write: (one) => pack().number(one.generation).text(one.name).done(),
  read: parsed((from) => ({ generation: from.number(), name: from.text(maxNameBytes) })),
}

const greetings = ['malformed', 'start', 'cancel'] as const

/** How a session of PostgreSQL began. */
export const greeting: Message<GreetingMessage> = {
  write: (one) => {
    const to = pack().byte(greetings.indexOf(one.kind))
    if (one.kind === 'start') to.number(one.minor).texts([...one.parameters].flat())
    return to.rest(one.kind === 'cancel' ? one.key : none).done()
  },
  read: parsed((from): GreetingMessage => {
    const kind = from.one(greetings)
    if (kind === 'malformed') return { kind }
    if (kind === 'cancel') return { kind, key: from.rest(maxStartupBytes) }
    const minor = from.number()
    const texts = from.texts(2 * maxParameters, maxStartupBytes)
    const parameters = new Map<string, string>()
    for (let index = 0; index + 1 < texts.length; index += 2) parameters.set(texts[index] ?? '', texts[index + 1] ?? '')
    const zero = texts.some((text) => text.includes('\0')) || parameters.has('')
    if (zero || minor > 0xffff || 2 * parameters.size !== texts.length) throw new Malformed('no parameters')
    return { kind, minor, parameters }
  }),
}

// What the server writes.

/** What the server sends first. */
export const settings: Message<ListenerLimits> = {
  write: (limits) => pack().text(JSON.stringify(limits)).done(),
  // From the server, and from nobody else.
  read: parsed((from): ListenerLimits => JSON.parse(from.text(maxHeadBytes)) as ListenerLimits),
}

const answerKinds = ['whole', 'stream', 'tunnel'] as const

/** An answer, whole or with its body to follow. */
export const answer: Message<AnswerMessage> = {
  write: (one) => {
    const to = pack().byte(answerKinds.indexOf(one.kind)).number(one.status)
    pairsTo(to, one.headers).byte(one.trailers === undefined ? 0 : 1)
    return pairsTo(to, one.trailers ?? [])
      .rest(one.body)
      .done()
  },
  read: parsed((from): AnswerMessage => {
    const kind = from.one(answerKinds)
    const status = from.number()
    const headers = pairsFrom(from)
    const some = from.flag()
    const trailers = pairsFrom(from)
    return { kind, status, headers, trailers: some ? trailers : undefined, body: from.rest(Number.MAX_SAFE_INTEGER) }
  }),
}

/** What follows the body of an answer. */
export const trailers: Message<Answer['headers']> = {
  write: (pairs) => pairsTo(pack(), pairs).done(),
  read: parsed(pairsFrom),
}

const doors = ['none', 'opaque', 'leaf'] as const

/** What a name leads to, or what a session of PostgreSQL may be secured with. */
export const named: Message<LeafMessage | 'opaque' | undefined> = {
  write: (door) => {
    if (door === undefined || door === 'opaque')
      return pack()
        .byte(door === undefined ? 0 : 1)
        .done()
    return pack().byte(2).text(door.key).text(door.cert).done()
  },
  read: parsed((from): LeafMessage | 'opaque' | undefined => {
    const kind = from.one(doors)
    if (kind === 'none') return undefined
    return kind === 'opaque' ? kind : { key: from.text(maxHeadBytes), cert: from.text(maxHeadBytes) }
  }),
}

/** The answer to a question of DNS; an empty payload where nothing is to be answered. */
export const resolved: Message<ResolvedMessage> = {
  write: (one) =>
    pack()
      .byte(one.code)
      .text(one.address ?? '')
      .done(),
  read: parsed((from) => {
    const [code, address] = [from.byte(), from.text(maxAddressBytes)]
    return { code, address: address === '' ? undefined : address }
  }),
}

function pairsTo(to: Packer, pairs: Answer['headers']): Packer {
  to.number(pairs.length)
  for (const [key, value] of pairs) to.text(key).text(value)
  return to
}

function pairsFrom(from: Unpacker): Answer['headers'] {
  const pairs: (readonly [string, string])[] = []
  for (let left = from.number(); left > 0; left -= 1) pairs.push([from.text(maxHeadBytes), from.text(maxHeadBytes)])
  return pairs
}

/** Undefined for a payload that is not what is read. */
function parsed<T>(read: (from: Unpacker) => T): (payload: Buffer) => { readonly value: T } | undefined {
  return (payload) => {
    try {
      const from = unpack(payload)
      const value = read(from)
      from.end()
      return { value }
    } catch (error) {
      if (error instanceof Malformed) return undefined
      throw error
    }
  }
}
