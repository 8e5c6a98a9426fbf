import type { Secret } from '@sallyport/core/access'
import type { Elsewhere } from '@sallyport/manifest'
import aws4 from 'aws4' // CommonJS without named exports

import type { Engine, OutputLine } from '../engine.ts'
import type { Invocation } from '../invocation.ts'
import { failureReported } from '../runtime/failure-report.ts'
import { maxResponseBytes } from '../runtime/runtime-api.ts'
import { type Attempt, type Attempted, failed, readAll } from './attempt.ts'
import { createRemoteEngine, type RemoteEngineOptions } from './remote-engine.ts'
import type { RemoteAnswer, RemoteFunction } from './remote-function.ts'

type Lambda = Extract<Elsewhere, { engine: 'lambda' }>

/** What the server gives the engine of AWS Lambda. */
export interface LambdaEngineOptions extends RemoteEngineOptions {
  /** What calls are signed with. Throws `secret.missing` where it has not been set. */
  readonly credentials: (functionName: string) => LambdaCredentials
}

/** An AWS credential; revealed only to sign. */
export interface LambdaCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret<string>
  readonly sessionToken?: Secret<string>
}

/** AWS's limit for the client context, in base64 (Lambda API, Invoke). */
const maxContextLength = 3_583

/**
 * The engine of functions in AWS Lambda, called by Invoke and waited for. The event is sent as `JSON.stringify` writes
 * it, and the ticket, in the client context under `custom["sallyport-ticket"]`, is bound to those bytes: a handler
 * that checks it writes its event the same way.
 */
export function createLambdaEngine(options: LambdaEngineOptions): Engine<RemoteFunction<Lambda>> {
  const { send, credentials, clock, onOutput } = options
  return createRemoteEngine<Lambda>({ name: 'lambda', attempt }, options)

  async function attempt(remote: RemoteFunction<Lambda>, given: Attempt): Promise<Attempted> {
    const { elsewhere, name } = remote
    const { invocation, remainingMs, signal } = given
    const body = rewritten(invocation.event)
    if (body === undefined) return { result: failed('function.bad_event', 'the event is no JSON') }
    const context = JSON.stringify({ custom: { 'sallyport-ticket': await given.ticketFor(body) } })
    const clientContext = Buffer.from(context).toString('base64')
    if (clientContext.length > maxContextLength)
      return { result: failed('function.ticket_refused', 'the actor chain is too long for a client context') }
    const target =
      `/2015-03-31/functions/${elsewhere.functionName}/invocations` +
      `?Qualifier=${encodeURIComponent(elsewhere.version)}`
    const answer = await send({
      pool: `function ${name}`,
      origin: elsewhere.endpoint,
      privateUpstream: elsewhere.privateUpstream,
      method: 'POST',
      target,
      headers: signed(elsewhere, { target, body, clientContext, at: clock(), credentials: credentials(name) }),
      body,
      timeoutMs: remainingMs,
      signal,
    })
    const answered = await readAll(answer.body, maxResponseBytes)
    for (const text of tailOf(headerOf(answer, 'x-amz-log-result'))) tell(remote, invocation, text)
    if (answered === undefined)
      return { result: failed('function.output_too_large', `the answer exceeds ${maxResponseBytes} bytes`) }
    return resultOf(answer, answered, elsewhere)
  }

  function tell({ name }: RemoteFunction, { id, transaction }: Invocation, text: string): void {
    const stream: OutputLine['stream'] = 'stdout'
    onOutput({ at: clock(), functionName: name, boxId: '', transaction, invocation: id, stream, text })
  }
}

/** The event in the one spelling that a handler in JavaScript can write again. */
function rewritten(event: Uint8Array): Buffer<ArrayBuffer> | undefined {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(event).toString('utf8'))))
  } catch {
    return undefined // no JSON
  }
}

function signed(
  { endpoint, region }: Lambda,
  {
    target,
    body,
    clientContext,
    at,
    credentials,
  }: {
    readonly target: string
    readonly body: Buffer
    readonly clientContext: string
    readonly at: number
    readonly credentials: LambdaCredentials
  },
): readonly (readonly [string, string])[] {
  const request = aws4.sign(
    {
      method: 'POST',
      host: new URL(endpoint).host,
      path: target,
      service: 'lambda',
      region,
      body,
      headers: {
        'Content-Type': 'application/json',
        'X-Amz-Invocation-Type': 'RequestResponse',
        'X-Amz-Log-Type': 'Tail',
        'X-Amz-Client-Context': clientContext,
        'X-Amz-Date': new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, ''),
      },
    },
    {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken.reveal() }),
    },
  )
  return Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])
}

/** What Invoke's answer means (Lambda API). A number is a version that cannot change: another one is refused. */
function resultOf(answer: RemoteAnswer, body: Buffer, { version }: Lambda): Attempted {
  if (answer.status !== 200) return failureOf(answer, body)
  const executed = headerOf(answer, 'x-amz-executed-version')
  if (/^\d+$/.test(version) && executed !== version)
    return {
      result: failed('function.unreachable', `version ${executed ?? 'unknown'} answered in place of ${version}`),
    }
  const functionError = headerOf(answer, 'x-amz-function-error')
  if (functionError === undefined) return { result: { kind: 'response', body } }
  const failure = failureReported(body)
  const { message } = failure
  if (functionError === 'Handled' || failure.code !== 'function.threw') return { result: failure }
  if (/\bTask timed out after\b/.test(message)) return { result: failed('function.timed_out', message) }
  if (/\bRuntime\.ExitError\b|\bexited\b/.test(message)) {
    const outOfMemory = /signal: killed/.test(message)
    return { result: failed(outOfMemory ? 'function.out_of_memory' : 'function.exited', message) }
  }
  return { result: failure }
}

/** Errors of the service itself, which have not reached the function. */
function failureOf(answer: RemoteAnswer, body: Buffer): Attempted {
  const type = (headerOf(answer, 'x-amzn-errortype') ?? '').split(':')[0] ?? ''
  const message = `${type || 'no error type'} (status ${answer.status}): ${messageIn(body)}`
  const say = (code: string, again = false): Attempted => ({ result: failed(code, message), again })
  switch (answer.status) {
    case 429: {
      const seconds = headerOf(answer, 'retry-after') ?? ''
      return {
        ...say('function.busy', true),
        ...(/^\d{1,4}$/.test(seconds) ? { afterMs: Number(seconds) * 1_000 } : {}),
      }
    }
    case 413:
      return say('function.event_too_large')
    case 409:
    case 500:
    case 502:
    case 503:
    case 504:
      return say('function.unreachable', true)
    default:
      return say('function.unreachable')
  }
}

function messageIn(body: Buffer): string {
  const [, text = ''] = /"[Mm]essage"\s*:\s*"((?:[^"\\]|\\.){0,300})/.exec(body.toString('utf8', 0, 2_000)) ?? []
  return text
}

/** The last 4 KB that the function wrote, as base64; without the lines that Lambda adds around each call. */
function tailOf(header: string | undefined): readonly string[] {
  if (header === undefined) return []
  const lines = Buffer.from(header, 'base64').toString('utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !/^(?:START|END|REPORT|INIT_START) /.test(line))
}

function headerOf({ headers }: RemoteAnswer, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]
}
