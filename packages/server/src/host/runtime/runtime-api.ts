import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'

import { gather, gatherInto, type Gathering } from '../gather.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import { describeError, failureIn, failureReported } from './failure-report.ts'
import { inTurns } from './in-turns.ts'
import { watchStrayBytes } from './stray-bytes.ts'
import { maxStreamedBytes, passOn, readAway, streamedResult } from './streamed.ts'

/** The host's end of one box's Lambda Runtime API. */
export interface RuntimeApi {
  /** The invocation that runs in the box at this moment. */
  current(): Invocation | undefined
  /** Answers the waiting `/next`. Call it only after `onIdle`. */
  give(invocation: Invocation, ticket: string): void
  /** The box is being ended: nothing it still sends belongs to an invocation. Gives back the one that ran. */
  abandon(): Invocation | undefined
  /** Ends every connection. */
  close(): void
}

/** What happens in the box, told to its owner. */
export interface RuntimeApiEvents {
  /** The runtime asks for an invocation, the first time after its module has loaded. */
  onIdle(): void
  /** The invocation has ended; called once for each, before the runtime is answered and before any `onIdle`. */
  onResult(invocation: Invocation, result: InvocationResult): void
  /** The function's module did not load, or has no handler. */
  onInitError(message: string): void
  /** Somebody in the box broke the protocol: a leftover child that polls, an answer to another invocation. */
  onBreach(detail: string): void
  /** The runtime's connection ended: its own, or the one on which it waited for an event. */
  onLost(): void
}

/** Whose box it is, and who speaks in it. */
export interface RuntimeApiOptions {
  readonly functionArn: string
  /** True for our own clients: then the first connection is the only one that may speak. */
  readonly ownClient: boolean
}

/** AWS Lambda's limit for a synchronous response. */
export const maxResponseBytes: number = 6 * 1024 * 1024
/** A streamed answer that nobody hears of before it is whole. */
export const maxHeldBytes: number = 20 * 1024 * 1024
/** What a report of an error may have. */
export const maxErrorBytes: number = 256 * 1024
const maxForeignConnections = 8
/** Of a runtime that is not ours: one that waits, one that answers, and some that are just closing. */
const maxConnections = 32
/** Of requests that no runtime makes: a function could ask for nothing else, as fast as it can. */
const maxBreaches = 100
/** Of all of them between two answers. Who connects anew for each request needs two. */
const maxConnectionsInTurn = 256
/** Of a body that belongs to no invocation; there is no deadline to what goes on between two of them. */
const maxStrayBytes = 64 * 1024
/** What is parsed while nobody takes it: of bytes one by one more would hold everybody up. */
const waitingBytes = 8 * 1024
/** From here on memory for the whole is taken first: it takes no room before something is written there. */
const largeBytes = 256 * 1024
const prefix = '/2018-06-01/runtime/'

/**
 * Serves the Runtime API to one box. Of our own clients the first connection is the runtime's, opened before function
 * code was loaded: no other may take an event or answer one. Adversary: a process that an earlier invocation left in
 * the box. A `bootstrap` may connect anew for each request (curl does): what keeps its invocations apart is that one
 * runs at a time, and `reuse`.
 */
export function serveRuntimeApi(
  listener: Server,
  { functionArn, ownClient }: RuntimeApiOptions,
  events: RuntimeApiEvents,
): RuntimeApi {
  let own: Socket | undefined
  let waiting: ServerResponse | undefined
  let running: Invocation | undefined
  let answering = false
  let breaches = 0
  let connections = 0
  const foreign = new Set<Socket>()
  const others = new Set<Socket>()

  const stray = watchStrayBytes(
    maxStrayBytes,
    () => running !== undefined,
    (socket) => {
      breach(`more than ${maxStrayBytes} bytes that are no request`)
      socket.destroy()
    },
  )

  const settings = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, highWaterMark: waitingBytes }
  const http = createServer(settings, (request, response) => {
    if (hasBody(request)) stray.begin(request.socket)
    else stray.end(request.socket)
    void handle(request, response).then(
      () => stray.end(request.socket),
      () => request.socket.destroy(),
    )
  })
  http.timeout = 0

  // Node would answer these by itself, as many as come and as fast as they come.
  http.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    breach(`${nameOf(request)} with an expectation`)
    answer(response.setHeader('connection', 'close'), 417)
  })

  listener.on('connection', (socket) => {
    connections += 1
    if (connections > maxConnectionsInTurn) return tooMany(socket)
    if (!ownClient) return admit(socket)
    if (own === undefined) {
      own = socket.setNoDelay(true)
      stray.add(socket)
      socket.once('close', () => events.onLost())
      http.emit('connection', socket)
      return
    }
    events.onBreach('a second connection to the runtime API')
    refuseConnection(socket, foreign)
  })

  /** Each costs the thread that serves everybody some 100 µs: whoever opens one after the other is not listened to. */
  function tooMany(socket: Socket): void {
    socket.destroy()
    listener.close()
    events.onBreach(`more than ${maxConnectionsInTurn} connections to the runtime API`)
    if (!ownClient) events.onLost()
  }

  /** One of several connections of a runtime that is not ours. */
  function admit(socket: Socket): void {
    if (others.size >= maxConnections) return void socket.destroy()
    others.add(socket.setNoDelay(true))
    stray.add(socket)
    socket.once('close', () => others.delete(socket))
    http.emit('connection', socket)
  }

  /** Told, and after so many the end of every connection. */
  function breach(detail: string): void {
    breaches += 1
    events.onBreach(detail)
    if (breaches > maxBreaches) close()
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (breaches > maxBreaches) return
    const route = nameOf(request)
    if (route === `GET ${prefix}invocation/next` && !hasBody(request)) return next(response)
    if (route === `POST ${prefix}init/error`) {
      const body = await read(request, maxErrorBytes)
      events.onInitError(describeError(body))
      return answer(response, 202)
    }
    const [, id, verb] =
      /^POST \/2018-06-01\/runtime\/invocation\/([0-9a-zA-Z-]{1,64})\/(response|error)$/.exec(route) ?? []
    if (running === undefined || id !== running.id) {
      return refuse(request, response, `${route.slice(0, 120)} outside that invocation`)
    }
    // Over many connections, answers without an end would be held here as often as there are connections.
    if (answering) return refuse(request, response, 'a second answer while one comes')
    const invocation = running
    answering = true
    const result = await resultOf(request, verb === 'response', invocation).finally(() => (answering = false))
    if (running !== invocation) return void request.socket.destroy()
    running = undefined
    connections = 0
    events.onResult(invocation, result)
    // Answered a turn later than the caller is: the runtime must not be idle before its result is known.
    await new Promise((resolve) => setImmediate(resolve))
    if (!response.destroyed) answer(response, 202)
  }

  async function refuse(request: IncomingMessage, response: ServerResponse, detail: string): Promise<void> {
    breach(detail)
    await readAway(inTurns(request), maxStrayBytes)
    answer(response, 400)
  }

  function next(response: ServerResponse): void {
    if (running !== undefined || waiting !== undefined) {
      breach('a poll for the next event while one runs')
      return answer(response, 403)
    }
    waiting = response
    response.once('close', () => {
      if (waiting !== response) return
      waiting = undefined
      if (!ownClient) events.onLost()
    })
    events.onIdle()
  }

  function close(): void {
    own?.destroy()
    for (const socket of [...foreign, ...others]) socket.destroy()
    listener.close()
  }

  return {
    current: () => running,
    give: (invocation, ticket) => {
      const response = waiting
      if (response === undefined) return
      waiting = undefined
      running = invocation
      stray.watch()
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': invocation.event.byteLength,
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': invocation.deadline,
        'lambda-runtime-invoked-function-arn': functionArn,
        'lambda-runtime-trace-id': traceId(invocation),
        'lambda-runtime-sallyport-ticket': ticket,
      })
      response.end(invocation.event)
    },
    abandon: () => {
      const interrupted = running
      running = waiting = undefined
      return interrupted
    },
    close,
  }
}

async function resultOf(
  request: IncomingMessage,
  responded: boolean,
  { onStream }: Invocation,
): Promise<InvocationResult> {
  const streams = responded && request.headers['lambda-runtime-function-response-mode'] === 'streaming'
  const type = request.headers['content-type']
  const failureOf = (): InvocationResult | undefined => failureIn(request.trailers)
  if (streams && onStream !== undefined) return passOn(inTurns(request), type, onStream, failureOf)
  const maxBytes = !responded ? maxErrorBytes : streams ? maxHeldBytes : maxResponseBytes
  const body = await read(request, maxBytes)
  if (body === undefined) {
    const what = responded ? 'answer' : 'report of an error'
    return { kind: 'error', code: 'function.output_too_large', message: `the ${what} exceeds ${maxBytes} bytes` }
  }
  if (streams) return failureOf() ?? streamedResult(type ?? '', body)
  if (responded) return { kind: 'response', body }
  return failureReported(body)
}

/** The whole body, or undefined when it is larger; the rest of a larger one is let go unread into memory. */
async function read(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const said = Number(request.headers['content-length'])
  let body: Gathering | undefined = said > largeBytes && said <= maxBytes ? gatherInto(said) : gather()
  let length = 0
  for await (const chunk of inTurns(request)) {
    length += chunk.length
    if (length <= maxBytes) body?.add(chunk)
    else body = undefined
    if (length > maxStreamedBytes) break // and with it the connection
  }
  return body?.whole()
}

/** Of what asks for an event nothing is read, so nothing may come: it would be read later, without a measure. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function nameOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`
}

/** AWS X-Ray's form of a 128-bit id, of which nothing is sampled here. */
function traceId({ transaction, id }: Invocation): string {
  return `Root=1-${transaction.slice(0, 8)}-${transaction.slice(8, 32)};Parent=${id.slice(0, 16)};Sampled=0`
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
}

function refuseConnection(socket: Socket, foreign: Set<Socket>): void {
  if (foreign.size >= maxForeignConnections) return void socket.destroy()
  foreign.add(socket)
  socket.on('error', () => socket.destroy())
  socket.once('close', () => foreign.delete(socket))
  socket.setTimeout(1_000, () => socket.destroy())
  socket.resume()
  socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
}
