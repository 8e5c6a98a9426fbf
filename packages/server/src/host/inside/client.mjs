// The function's runtime: the only file of ours in a box besides Node. Speaks the Lambda Runtime API on one
// connection, opened before any function code is loaded; the host takes answers from no other.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, readFile, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const { parse, stringify } = JSON
const maxResponseBytes = 6 * 1024 * 1024
const api = '/2018-06-01/runtime'

let running
let whenNothingIsLeft
let ending = false
let answer
let identity
const seen = new Map()

// The host reads both at a pace of its own. Without this, Node would keep in this process's memory what a function
// writes faster than that, and a flood of output would end as a want of memory.
for (const { _handle } of [process.stdout, process.stderr]) _handle?.setBlocking(true)
// Where there is no such file no limit is set that would stand in it.
const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'latin1') : ''
const maxDataBytes = Number(/^Max data size +(\d+)/m.exec(limits)?.[1] ?? Infinity)
const roomBytes = 32 * 1024 * 1024

const streams = Symbol('streams')
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [streams]: true }),
  HttpResponseStream: { from: (stream, prelude) => stream.begin(prelude) },
}

// Standard input holds the box's key and the names a ticket must agree with, then ends. It was never anywhere else.
// Until it comes there is no function: whoever started us has not given us one.
const assigned = new Promise((resolve, reject) => {
  readFile(0, 'utf8', (error, text) => (error ? reject(error) : resolve(text)))
})
sayWhoAsks()
const host = openConnection(process.env.AWS_LAMBDA_RUNTIME_API, () => process.exit(1))
await import('./fetch-events.mjs')
await host.connected
// Whoever is needed at once hears so within this time. Who is not has time to use once what costs time at first use.
const needed = await Promise.race([assigned, sleep(100, undefined, { ref: false })])
let resting
if (needed === undefined) {
  const { giveBack, rehearse } = await import('./rehearsal.mjs')
  await rehearse({ openConnection, run, pretend })
  resting = setTimeout(giveBack, 1_000)
}
const { key, audience, codeDigest, environment = {} } = parse(await assigned)
clearTimeout(resting)
Object.assign(process.env, environment) // of a function that was not known when this process was started
const macKey = createSecretKey(Buffer.from(key, 'base64url')) // made once: bytes are made a key for every ticket
identity = { macKey, audience, codeDigest }
seen.clear()

process.on('beforeExit', () => {
  host.hold()
  whenNothingIsLeft?.()
})
process.on('uncaughtException', (error) => void endWith('Runtime.UncaughtException', error))
process.on('unhandledRejection', (error) => void endWith('Runtime.UnhandledPromiseRejection', error))

answer = await loadHandler(process.env['_HANDLER']).catch(async (error) => {
  await host.exchange('POST', `${api}/init/error`, stringify(describe(error, 'Runtime.ImportModuleError')))
  process.exit(1)
})

for (;;) {
  const next = await host.exchange('GET', `${api}/invocation/next`)
  if (next.status !== 200) process.exit(1)
  const id = next.headers['lambda-runtime-aws-request-id']
  running = { id, answered: false }
  process.env['_X_AMZN_TRACE_ID'] = next.headers['lambda-runtime-trace-id']
  const result = await run(next, id).catch((error) => ({
    kind: 'error',
    body: stringify(describe(error)),
    starved: isWantOfMemory(error),
  }))
  host.hold()
  whenNothingIsLeft = undefined
  if (ending) await new Promise(() => {})
  running.answered = true
  if (result.kind !== 'streamed') await host.exchange('POST', `${api}/invocation/${id}/${result.kind}`, result.body)
  running = undefined
  if (result.starved || atTheEdge()) process.exit(0)
}

async function run(next, id) {
  const claims = acceptTicket(next.headers['lambda-runtime-sallyport-ticket'] ?? '', next.body, id)
  const [event, context] = [parse(next.body.toString('utf8')), contextOf(next.headers, claims)]
  if (answer[streams]) return answerByStream(event, context, id)
  const returned = await answer(event, context)
  const body = Buffer.from(stringify(returned) ?? 'null')
  if (body.length <= maxResponseBytes) return { kind: 'response', body }
  const errorMessage = `the response has ${body.length} bytes; at most ${maxResponseBytes} may be returned`
  return { kind: 'error', body: stringify({ errorType: 'Function.ResponseSizeTooLarge', errorMessage }) }
}

/** What fails before the first byte is an ordinary error; what fails later is told after the last one. */
async function answerByStream(event, context, id) {
  const [{ ResponseStream }, { finished }] = await Promise.all([
    import('./streaming.mjs'),
    import('node:stream/promises'),
  ])
  const response = new ResponseStream(host, `${api}/invocation/${id}/response`)
  running.stream = response
  try {
    await answer(event, response, context)
    if (!response.writableEnded) response.end()
    await finished(response) // of a `pipeline` it has been for some time
  } catch (error) {
    if (!response.begun) throw error
    await response.fail(describe(error).errorType, stringify(describe(error)))
  }
  await response.answered
  return { kind: 'streamed' }
}

/** A throw outside the handler's own promise ends the process, as in AWS Lambda; the invocation hears why. */
async function endWith(errorType, error) {
  if (ending) return
  ending = true
  const report = stringify(describe(error, errorType))
  process.stderr.write(`${errorType}: ${error?.stack ?? error}\n`)
  if (running?.stream?.begun) await running.stream.fail(errorType, report)
  else if (running && !running.answered) await host.exchange('POST', `${api}/invocation/${running.id}/error`, report)
  process.exit(129)
}

function describe(error, errorType) {
  const name = typeof error?.name === 'string' ? error.name : typeof error
  return {
    errorType: isWantOfMemory(error) ? 'Runtime.OutOfMemory' : (errorType ?? name),
    errorMessage: String(error?.message ?? error).slice(0, 8192),
    stackTrace: stackOf(error).slice(1, 40),
  }
}

/**
 * The frames outside this file, and below them what an error says of its causes: of a `fetch` that failed nothing else
 * tells why. An error may be a cause of its own.
 */
function stackOf(error, depth = 0) {
  const own = typeof error?.stack === 'string' ? error.stack.split('\n') : [String(error?.message ?? error)]
  const frames = own.filter((line) => !line.includes(import.meta.url)).slice(0, 20)
  const errors = Array.isArray(error?.errors) ? error.errors.slice(0, 4) : []
  const causes = depth < 3 ? [error?.cause, ...errors].filter((cause) => cause !== undefined && cause !== null) : []
  return [
    ...frames,
    ...causes.flatMap((cause) => {
      const [first, ...rest] = stackOf(cause, depth + 1)
      return [`[cause]: ${first}`, ...rest]
    }),
  ]
}

/** The limit of a process's own memory shows as an exception, where a control group's would have ended the box. */
function isWantOfMemory(error) {
  if (error?.code === 'ERR_MEMORY_ALLOCATION_FAILED') return true
  return error instanceof RangeError && /(allocation failed|could not allocate memory)$/i.test(error.message)
}

/**
 * What an invocation took up to such a limit, and may have caught the exception for, is perhaps not yet given back:
 * the next one, which did nothing wrong, would meet the limit. It gets another box.
 */
function atTheEdge() {
  if (maxDataBytes === Infinity) return false
  const kilobytes = /^VmData:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
  return Number(kilobytes) * 1024 > maxDataBytes - roomBytes
}

/** For the rehearsal, before there is a function: whose tickets count, and what answers. */
function pretend(whose, answers) {
  identity = whose
  answer = answers
}

/** The algorithm is written down beside `verifyTicket`; this file can import nothing. */
function acceptTicket(ticket, body, id) {
  const [version, payload = '', tag = '', ...more] = ticket.split('.')
  if (version !== 'v1' || more.length > 0) refuse('ticket.malformed')
  const mac = createHmac('sha256', identity.macKey).update(`v1.${payload}`).digest()
  const given = Buffer.from(tag, 'base64url')
  if (given.length !== mac.length || given.toString('base64url') !== tag) refuse('ticket.malformed')
  if (!timingSafeEqual(given, mac)) refuse('ticket.mac')
  const claims = parse(Buffer.from(payload, 'base64url').toString('utf8'))
  const now = Math.floor(Date.now() / 1000)
  const { issuedAtSeconds, expiresAtSeconds } = claims
  if (!(expiresAtSeconds > issuedAtSeconds && expiresAtSeconds - issuedAtSeconds <= 60)) refuse('ticket.malformed')
  if (now >= expiresAtSeconds) refuse('ticket.expired')
  if (now < issuedAtSeconds - 2) refuse('ticket.not_yet_valid')
  if (claims.audience !== identity.audience) refuse('ticket.audience')
  if (claims.codeDigest !== identity.codeDigest) refuse('ticket.code')
  if (claims.bodySha256 !== createHash('sha256').update(body).digest('hex')) refuse('ticket.body')
  for (const [attempt, expires] of seen) {
    if (expires > now) break
    seen.delete(attempt)
  }
  if (claims.attempt !== id || seen.has(claims.attempt)) refuse('ticket.replayed')
  if (seen.size >= 100_000) refuse('ticket.replay_memory_full')
  seen.set(claims.attempt, expiresAtSeconds)
  return Object.freeze(claims)
}

function refuse(why) {
  throw Object.assign(new Error(why), { name: 'Sallyport.TicketRefused' })
}

/**
 * Adds to every request the places in the bundle from which it was made, so that a refusal can name the package.
 * Advisory: function code runs in this very process and could forge or remove it; nothing is decided by it.
 * A request on a raw socket, or one whose headers are already written, goes without.
 */
function sayWhoAsks() {
  const header = 'x-sallyport-caller'
  const asked = new AsyncLocalStorage()
  const { fetch } = globalThis
  // By the time that undici makes a request of it, the code that called fetch is off the stack.
  globalThis.fetch = { fetch: (input, ...rest) => asked.run(callerPositions(), () => fetch(input, ...rest)) }.fetch
  subscribe('undici:request:create', ({ request }) => {
    const positions = asked.getStore() || callerPositions()
    if (positions) request.addHeader(header, positions)
  })
  subscribe('http.client.request.created', ({ request }) => {
    const positions = request.headersSent ? '' : callerPositions()
    if (positions) request.setHeader(header, positions)
  })
}

/** `line:column` of each frame in the bundle, innermost first, at most the 16 outermost; empty when unknown. */
function callerPositions() {
  const { prepareStackTrace, stackTraceLimit } = Error
  const bundle = `file://${process.env.LAMBDA_TASK_ROOT}/index.mjs`
  try {
    // Frames as they are: for a text, Node would first read the whole source map.
    if (!Reflect.set(Error, 'prepareStackTrace', (_, frames) => frames)) return ''
    Reflect.set(Error, 'stackTraceLimit', 64)
    const held = {}
    Error.captureStackTrace(held, callerPositions)
    const inside = held.stack.filter((frame) => frame.getFileName() === bundle)
    return inside
      .slice(-16)
      .map((frame) => `${frame.getLineNumber()}:${frame.getColumnNumber()}`)
      .join(',')
  } catch {
    return '' // function code has changed Error, and so hidden itself
  } finally {
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** `src/app.handler`, or `app.a.b` for what stands deeper in a module, as AWS's own client finds it. */
async function loadHandler(name) {
  const [, module, ...way] =
    /^((?:.*\/)?[^/.]+)\.(.+)$/.exec(name)?.flatMap((part, at) => (at < 2 ? part : part.split('.'))) ?? []
  const path = ['.mjs', '.js', '.cjs'].map((end) => `${process.env.LAMBDA_TASK_ROOT}/${module}${end}`).find(existsSync)
  if (path === undefined) throw new Error(`there is no module ${module ?? name}`)
  const loaded = await import(path)
  const find = (from) => way.reduce((object, member) => object?.[member], from)
  const found = find(loaded) ?? find(loaded.default)
  if (found?.[streams]) return found
  if (typeof found === 'function') return (event, context) => call(found, event, context)
  if (typeof found?.fetch === 'function') return (event, context) => callFetch(found, event, context)
  throw new Error(`${name} is neither a function nor an object with a fetch function`)
}

function contextOf(headers, claims) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  const { env } = process
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    /** Verified: who called, and on whose behalf. */
    sallyport: claims,
  }
}

/**
 * As AWS's own client does: a promise is the answer, or what the callback or `context.done` is told; where nothing is
 * told, null once nothing is left to do. A value that is simply returned counts too, which AWS ignores.
 */
function call(handler, event, context) {
  return new Promise((resolve, reject) => {
    let told = false
    const done = (error, result) => {
      told = true
      if (error === undefined || error === null) resolve(result)
      else reject(error)
    }
    const callback = (error, result) => {
      const failed = error !== undefined && error !== null
      if (failed || !context.callbackWaitsForEmptyEventLoop) return done(error, result)
      told = true
      afterAllElse(() => resolve(result))
    }
    const fail = (error) => done(error ?? 'handled')
    const returned = handler(
      event,
      Object.assign(context, { succeed: (result) => done(null, result), fail, done }),
      callback,
    )
    if (typeof returned?.then === 'function') returned.then(resolve, reject)
    else if (returned !== undefined) resolve(returned)
    else if (!told) afterAllElse(() => resolve(undefined))
  })
}

/** Once the function has nothing left to wait for; what was to be told then before is forgotten. */
function afterAllElse(tell) {
  whenNothingIsLeft = tell
  host.letGo()
}

async function callFetch(service, event, context) {
  const { eventResponse, requestOf } = await import('./fetch-events.mjs')
  const waiting = []
  const extension = { waitUntil: (promise) => void waiting.push(promise), passThroughOnException: () => {}, props: {} }
  const response = await service.fetch(requestOf(event), process.env, Object.assign(extension, { lambda: context }))
  if (!(response instanceof Response)) throw new TypeError('fetch must answer with a Response')
  const answered = await eventResponse(response, event)
  // Exits end with the answer, so what was promised for afterwards is awaited before it.
  await Promise.allSettled(waiting)
  return answered
}

/** One keep-alive connection, one exchange at a time. Knows only what our own host sends: a length, never chunks. */
function openConnection(authority, ended) {
  const [hostname, port] = authority.split(':')
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let buffered = Buffer.alloc(0)
  let waiting
  socket.on('error', ended)
  socket.on('close', ended)
  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    const response = readResponse(buffered)
    if (response === undefined || waiting === undefined) return
    buffered = buffered.subarray(response.end)
    const resolve = waiting
    waiting = undefined
    resolve(response)
  })
  /** Sends a head, and resolves with the answer to whatever is written after it. */
  const begin = (method, path, headers) =>
    new Promise((resolve) => {
      waiting = resolve
      socket.write(`${[`${method} ${path} HTTP/1.1`, `host: ${authority}`, ...headers].join('\r\n')}\r\n\r\n`, 'latin1')
    })
  return {
    connected: new Promise((resolve) => socket.once('connect', resolve)),
    exchange: (method, path, body = '') => {
      socket.cork()
      const answered = begin(method, path, [`content-length: ${Buffer.byteLength(body)}`])
      if (body.length > 0) socket.write(body)
      socket.uncork()
      return answered
    },
    begin,
    write: (part, done) => socket.write(part, done),
    /** Whether this process lives for this connection's sake, or only while there is something else to do. */
    hold: () => socket.ref(),
    letGo: () => socket.unref(),
    end: () => socket.destroy(),
  }
}

function readResponse(bytes) {
  const blank = bytes.indexOf('\r\n\r\n')
  if (blank === -1) return undefined
  const [statusLine, ...lines] = bytes.toString('latin1', 0, blank).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const end = blank + 4 + Number(headers['content-length'] ?? 0)
  return bytes.length < end
    ? undefined
    : { status: Number(statusLine.split(' ')[1]), headers, body: bytes.subarray(blank + 4, end), end }
}
