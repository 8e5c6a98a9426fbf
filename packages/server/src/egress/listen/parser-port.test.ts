import { Duplex, duplexPair, Readable } from 'node:stream'

import { beforeEach, describe, expect, it } from 'vitest'

import type { Invocation } from '../../host/index.ts'
import { createPace, kinds, messages, type Incoming, type Kind } from '../../parser/index.ts'
import { type ExitResponse, plainRefusal } from '../refusal.ts'
import { defaultLimits } from '../rooms.ts'
import { servePort } from './parser-port.ts'
import type { ParserPort, PortHandlers, Under } from './port-handlers.ts'

/** A frame, byte by byte: what a parser that was taken over can write. */
function frame(kind: number, id: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt32BE(payload.length)
  head[4] = kind
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

const head = {
  generation: 0,
  scheme: 'http',
  protocol: '1.1',
  serverName: undefined,
  method: 'GET',
  target: '/',
  localAddress: '10.0.0.1',
  rawHeaders: ['host', 'a.example'],
  whole: new Uint8Array(),
} as const
const request = (id: number, changes: Partial<messages.RequestMessage> = {}): Buffer =>
  frame(kinds.request, id, messages.request.write({ ...head, ...changes }))
const dial = (id: number, generation = 0): Buffer =>
  frame(kinds.port, id, messages.port.write({ generation, port: 5432, localAddress: '10.0.0.1' }))
const begun = messages.request.write({ ...head, whole: undefined })
/** A payload of no kind of frame. */
const nonsense = Buffer.alloc(60, 0xff)

let parser: Duplex
let port: ParserPort
let faults: string[]
let asked: { incoming: Incoming; under: Under }[]
let ending: AbortController
let answer: () => Promise<ExitResponse>
let handlers: PortHandlers
const invocation = { id: 'i1' } as Invocation // of which a port knows no more

beforeEach(() => {
  faults = []
  asked = []
  ending = new AbortController()
  const refused = async (): Promise<ExitResponse> => plainRefusal('door.unlisted', 'no', 'id')
  answer = refused
  handlers = {
    onRequest: (incoming, under) => {
      asked.push({ incoming, under })
      return answer()
    },
    onUpgrade: refused,
    onMalformed: refused,
    onUndeclaredName: async () => undefined,
    onLimit: async () => undefined,
    onQuestion: async () => undefined,
    onUnreadableQuestion: () => undefined,
    doorOf: async () => undefined,
    onOpaque: async () => undefined,
    onPort: async () => undefined,
    onFault: (fault) => faults.push(fault),
  }
  const [ours, theirs] = duplexPair()
  parser = theirs
  port = serve(ours)
})

function serve(channel: Duplex): ParserPort {
  const limits = { ...defaultLimits, connections: 1, streams: 1, clearMs: 200 }
  return servePort(channel, limits, createPace(), () => ({ invocation, signal: ending.signal }), handlers)
}

/** Writes frames, and gives the server a turn to read them. */
async function say(...frames: readonly Buffer[]): Promise<void> {
  parser.write(Buffer.concat(frames))
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** The kinds of frames that the server has sent. */
function heard(): readonly Kind[] {
  const bytes = (parser.read() as Buffer | null) ?? Buffer.alloc(0)
  const found: Kind[] = []
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUInt32BE(at)) found.push(bytes[at + 4] as Kind)
  return found
}

function end(): Promise<void> {
  ending.abort()
  const { signal } = ending
  ending = new AbortController()
  return port.clear({ invocation, signal })
}

describe('a parser', () => {
  it('asks for the invocation that runs, and is answered', async () => {
    await say(request(1), request(2))
    expect(asked.map(({ under }) => [under.invocation?.id, under.signal.aborted])).toEqual([
      ['i1', false],
      ['i1', false],
    ])
    expect(heard()).toEqual([kinds.settings, kinds.answer, kinds.answer])
    expect(faults).toEqual([])
  })

  it('is told where its question has no answer, so that it forgets it', async () => {
    await say(frame(kinds.question, 1, messages.question.write({ name: 'a.example', type: 1 })))
    expect(heard()).toEqual([kinds.settings, kinds.resolved])
    expect(faults).toEqual([])
  })

  for (const [what, frames, fault] of [
    ['a head after the answer to the same one', [request(7), request(7)], 'id'],
    ['a number that was passed over', [request(7), request(6)], 'id'],
    ['a head for an invocation that is still to come', [request(1, { generation: 1 })], 'request'],
    ['a head with something behind it', [frame(kinds.request, 1, Buffer.concat([begun, Buffer.from('x')]))], 'request'],
    ['a head that ends early', [frame(kinds.request, 1, messages.request.write(head).subarray(0, 20))], 'request'],
    ['a head whose lengths point beyond it', [frame(kinds.request, 1, nonsense)], 'request'],
    ['a header without a value', [request(1, { rawHeaders: ['host'] })], 'request'],
    ['a confirmation that nobody asked for', [frame(kinds.cleared, 1)], 'cleared'],
    [
      'a greeting that nobody waits for',
      [frame(kinds.greeting, 1, messages.greeting.write({ kind: 'malformed' }))],
      'greeting',
    ],
    [
      'a question with bytes that no name has',
      [frame(kinds.question, 1, messages.question.write({ name: 'a\nb', type: 1 }))],
      'question',
    ],
    ['a kind that only the server sends', [frame(kinds.answer, 1)], 'kind'],
    ['an undeclared name that is none', [frame(kinds.undeclared, 0, nonsense)], 'undeclared'],
    ['a limit that there is not', [frame(kinds.limit, 0, nonsense)], 'limit'],
    ['a fault of a request that there is not', [frame(kinds.malformed, 1, nonsense)], 'malformed'],
    ['a name that is none', [frame(kinds.name, 1, nonsense)], 'name'],
    ['a connection to a port that is none', [frame(kinds.port, 1, nonsense)], 'port'],
    ['a connection for an opaque door that is none', [frame(kinds.opaque, 1, nonsense)], 'opaque'],
    ['a connection to a port in an invocation still to come', [dial(1, 1)], 'port'],
    [
      'a connection for an opaque door in an invocation still to come',
      [frame(kinds.opaque, 1, messages.opaque.write({ generation: 1, name: 'a.example' }))],
      'opaque',
    ],
    ['a frame that is too large', [Buffer.from('ffffffff1000000001', 'hex')], 'too_large'],
    [
      'a part of a body that was not asked for',
      [request(1, { whole: undefined }), frame(kinds.data, 1, Buffer.from('x'))],
      'credit',
    ],
  ] as const) {
    it(`is ended that sends ${what}, and is heard no more`, async () => {
      await say(...frames, request(100))
      expect(faults).toEqual([fault])
      expect(asked.length).toBeLessThanOrEqual(1) // none of them the last
    })
  }

  it('is ended that begins more than its box may have under way', async () => {
    answer = () => new Promise(() => undefined)
    await say(...Array.from({ length: 1_025 }, (_, index) => request(index + 1)))
    expect(faults).toEqual([])
    await say(request(2_000))
    expect(faults).toEqual(['exchanges'])
  })

  it('is ended that holds more tunnels than its box connections, by twice', async () => {
    await say(dial(1), dial(2))
    expect(faults).toEqual([])
    await say(dial(3))
    expect(faults).toEqual(['tunnels'])
  })
})

it('gives the memory of a large answer back as soon as it is over', async () => {
  const large = new Uint8Array(300_000)
  answer = async () => ({ status: 200, headers: [], body: large })
  await say(request(1))
  expect(large.byteLength, 'control: it is on its way').toBe(300_000)
  await say(frame(kinds.close, 1))
  expect(large.byteLength).toBe(0)
})

describe('the end of an invocation', () => {
  it('waits until the parser has closed everything', async () => {
    let over = false
    const ended = end().then(() => (over = true))
    await say()
    expect(over).toBe(false)
    await say(frame(kinds.cleared, 1))
    await ended
    expect(faults).toEqual([])
  })

  it('takes along what was on its way, and sends no answer to it', async () => {
    const ended = end()
    expect(heard()).toEqual([kinds.settings, kinds.clear])
    await say(request(1), frame(kinds.cleared, 1))
    await ended
    expect(asked.map(({ under }) => under.signal.aborted)).toEqual([true])
    expect(heard()).toEqual([])
    await say(request(2, { generation: 1 }))
    expect(asked.map(({ under }) => under.signal.aborted)).toEqual([true, false])
    expect(heard()).toEqual([kinds.answer])
    expect(faults).toEqual([])
  })

  it('takes along an answer that is just being made, of which nothing more is fetched', async () => {
    const stream = (): Readable => new Readable({ read: () => undefined })
    const [kept, late] = [stream(), stream()]
    answer = async () => ({ status: 200, headers: [], body: kept })
    await say(request(1))
    expect(kept.destroyed, 'control').toBe(false)
    const { promise, resolve } = Promise.withResolvers<ExitResponse>()
    answer = () => promise
    await say(request(2))
    const ended = end()
    resolve({ status: 200, headers: [], body: late })
    await say(frame(kinds.cleared, 1))
    await ended
    expect(late.destroyed).toBe(true)
    expect(heard().filter((kind) => kind === kinds.answer)).toHaveLength(1)
  })

  it('takes along an answer that is made for a parser that is gone', async () => {
    const body = new Readable({ read: () => undefined })
    const { promise, resolve } = Promise.withResolvers<ExitResponse>()
    answer = () => promise
    await say(request(1))
    parser.destroy()
    await say()
    resolve({ status: 200, headers: [], body })
    await say()
    expect(body.destroyed).toBe(true)
  })

  it('lets parts of it go that are still on their way, and none once it is confirmed', async () => {
    const part = (id: number): Buffer => frame(kinds.data, id, Buffer.from('x'))
    const ended = end()
    await say(part(7))
    expect(faults, 'control').toEqual([])
    await say(frame(kinds.cleared, 1))
    await ended
    await say(part(7))
    expect(faults).toEqual(['stream'])
  })

  it('is the end of a parser that speaks for it afterwards', async () => {
    const ended = end()
    await say(frame(kinds.cleared, 1))
    await ended
    await say(request(1))
    expect([faults, asked]).toEqual([['request'], []])
  })

  it('is the end of a parser that does not confirm it, and does not wait for ever', async () => {
    await end()
    expect(faults).toEqual(['unconfirmed'])
  })

  it('is told once of a parser that confirms none of several', async () => {
    let isClosed = (): void => undefined
    port = serve(
      new Duplex({
        read: () => undefined,
        write: (...all) => all[2](),
        destroy: (_, done) => void (isClosed = () => done(null)),
      }),
    )
    const ends = [end(), end()]
    await expect.poll(() => faults).toEqual(['unconfirmed'])
    await new Promise((resolve) => setTimeout(resolve, 20)) // the second was due at once
    isClosed() // a channel takes a moment to end
    await Promise.all(ends)
    expect(faults).toEqual(['unconfirmed'])
  })

  it('does not wait for a parser that is gone', async () => {
    const ended = end()
    parser.destroy()
    await ended
    expect(faults).toEqual([])
  })

  it('does not wait for a parser that was gone before', async () => {
    parser.destroy()
    await say()
    await end()
    expect(faults).toEqual([])
  })
})
