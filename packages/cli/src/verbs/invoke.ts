import { readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { resolve } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import { type Loaded, loadManifest, matchRoute } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, askerIfAny, type UserFlags, userFlags } from '../as-user.ts'
import { type BoundToken, proofOf } from '../bound/index.ts'
import { mustBeFunction, surroundings } from '../load-app.ts'
import { isRecord, localApi, refusalOf, statusOf } from '../local-api.ts'
import { printable } from '../printable.ts'
import { stepUpIn } from '../step-up.ts'
import { systemWords } from '../system-error.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** What an API Gateway event (payload 2.0) asks for, as a request. */
export interface HttpCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** `invoke FUNCTION [EVENT.json]`: calls a function, through the gateway where it has routes. */
export const invoke: Command<Terminal> = buildCommand<
  CommonFlags & UserFlags,
  [name: string, event?: string],
  Terminal
>({
  docs: {
    brief: 'Call a function with an event',
    fullDescription:
      'An HTTP event (API Gateway payload 2.0, with requestContext.http) goes through the gateway, as the user named ' +
      'by --as, or as whoever signed in by `sallyport login`, and with every check on the way. Any other event goes ' +
      'straight to the function, which needs the administrative power "invoke". The event is a file, or standard ' +
      'input as -; without one it is {}.',
  },
  parameters: {
    flags: { ...commonFlags, ...userFlags },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Function', parse: String, placeholder: 'FUNCTION' },
        { brief: 'File with the event, or -', parse: String, placeholder: 'EVENT.json', optional: true },
      ],
    },
  },
  func: answering(async (terminal, flags, name, file) => {
    const folder = appFolder(terminal, flags.app)
    const event = await readEvent(terminal, file)
    const http = httpCallIn(event)
    if (http !== undefined) {
      mustAnswer(name, http, loadManifest(folder, surroundings(terminal)))
      return throughGateway(terminal, folder, flags, http)
    }
    const asker = await askerFor(terminal, folder, flags).catch((cause: unknown) => {
      // Who mistyped the name should hear of that, and not sign in first.
      mustBeFunction(name, loadManifest(folder, surroundings(terminal)))
      throw cause
    })
    const path = `/v1/functions/${encodeURIComponent(name)}/invoke`
    const body = new TextEncoder().encode(JSON.stringify(event))
    const opened = await localApi(folder).open({ method: 'POST', path, body, ...asker })
    if ('parts' in opened) return asItComes(terminal, flags, opened.status, opened.parts)
    const answer = opened.value
    const result: unknown = isRecord(answer) && 'result' in answer ? answer['result'] : answer
    return { exit: 'ok', json: result, text: JSON.stringify(result, undefined, 2) ?? '' }
  }),
})

/** A request goes where its route leads: whoever names another function would take one answer for another's. */
function mustAnswer(name: string, { method, path }: HttpCall, loaded: Loaded): void {
  mustBeFunction(name, loaded)
  const match = loaded.ok ? matchRoute(loaded.app, method, path.split('?')[0] ?? '') : undefined
  const whose = match?.kind === 'route' ? match.functionDeclaration.name : name
  if (whose === name) return
  throw new SallyportError('cli.usage', `${method} ${path} is a route of ${whose}, not of ${name}`)
}

async function readEvent(terminal: Terminal, file: string | undefined): Promise<unknown> {
  if (file === undefined) return {}
  try {
    const bytes = file === '-' ? await terminal.readInput() : readFileSync(resolve(terminal.cwd, file))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new SallyportError('cli.bad_event', `cannot read the event from ${file}: ${whyUnread(cause)}`, { cause })
  }
}

function whyUnread(cause: unknown): string {
  if (cause instanceof SyntaxError) return `it is not JSON: ${cause.message}`
  if (cause instanceof TypeError) return 'it is not UTF-8' // what the decoder throws
  return systemWords(cause) ?? String(cause)
}

/** The request that an HTTP event describes; undefined for any other event. Throws `cli.bad_event`. */
export function httpCallIn(event: unknown): HttpCall | undefined {
  const context = isRecord(event) ? event['requestContext'] : undefined
  const http = isRecord(context) ? context['http'] : undefined
  if (!isRecord(event) || !isRecord(http)) return undefined
  const method = http['method']
  const path = event['rawPath'] ?? http['path']
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method) || typeof path !== 'string' || !path.startsWith('/')) {
    throw new SallyportError('cli.bad_event', 'the event has requestContext.http but no method or no rawPath')
  }
  const query = event['rawQueryString']
  const body = event['body']
  return {
    method,
    path: path + (typeof query === 'string' && query !== '' ? `?${query}` : ''),
    headers: headersIn(event['headers']),
    ...(typeof body === 'string'
      ? { body: Buffer.from(body, event['isBase64Encoded'] === true ? 'base64' : 'utf8') }
      : {}),
  }
}

/** What the connection and the sign-in decide, the event does not. */
const decidedElsewhere = new Set(['host', 'authorization', 'dpop', 'connection', 'content-length', 'transfer-encoding'])

function headersIn(value: unknown): Readonly<Record<string, string>> {
  const entries = isRecord(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.flatMap(([name, text]) =>
      typeof text === 'string' && !decidedElsewhere.has(name.toLowerCase()) ? [[name.toLowerCase(), text]] : [],
    ),
  )
}

/** What streams is shown while it is made; for a program it is one answer, once it is whole. */
async function asItComes(
  terminal: Terminal,
  { json }: CommonFlags,
  status: number,
  parts: AsyncIterable<Uint8Array>,
): Promise<Answer> {
  const exit = status < 400 ? 'ok' : 'refused'
  const decoder = new TextDecoder()
  let whole = ''
  if (!json) terminal.process.stdout.write(`${status}\n`)
  try {
    for await (const part of parts) {
      const text = decoder.decode(part, { stream: true })
      if (json) whole += text
      else terminal.process.stdout.write(terminal.process.stdout.isTTY === true ? printable(text) : text)
    }
  } catch (cause) {
    if (cause instanceof SallyportError) throw cause
    throw new SallyportError('cli.no_answer', 'the answer broke off before its end', { cause })
  }
  if (!json) terminal.process.stdout.write('\n')
  return { exit, json: { status, body: parsed(whole) }, text: '' }
}

async function throughGateway(
  terminal: Terminal,
  folder: string,
  flags: CommonFlags & UserFlags,
  call: HttpCall,
): Promise<Answer> {
  const { gateway, caFile } = await statusOf(localApi(folder))
  const asker = await askerIfAny(terminal, folder, flags)
  const url = new URL(call.path, gateway)
  // `//evil.example` is a path that names another host, and what is sent holds the person's token.
  if (url.origin !== new URL(gateway).origin) {
    throw new SallyportError('cli.bad_event', 'the rawPath of the event leads to another host than the gateway')
  }
  let answer = await send(url, caFile, call, asker?.person)
  const wanted = stepUpIn(answer.headers['www-authenticate'])
  const stronger = wanted === undefined ? undefined : await asker?.stepUp(wanted)
  if (stronger !== undefined) {
    await textOf(answer.parts)
    answer = await send(url, caFile, call, stronger)
  }
  const { status } = answer
  // What says no length is made while it is sent.
  if (status < 400 && answer.headers['content-length'] === undefined) {
    return asItComes(terminal, flags, status, answer.parts)
  }
  const value = parsed(await textOf(answer.parts))
  if (isRecord(value) && typeof value['code'] === 'string' && typeof value['id'] === 'string' && status >= 400) {
    throw refusalOf(value, status)
  }
  const text = typeof value === 'string' ? value : (JSON.stringify(value, undefined, 2) ?? '')
  return { exit: status < 400 ? 'ok' : 'refused', json: { status, body: value }, text: `${status}\n${text}` }
}

function send(
  url: URL,
  caFile: string,
  { method, headers, body }: HttpCall,
  person: BoundToken | undefined,
): Promise<{ status: number; headers: IncomingHttpHeaders; parts: AsyncIterable<Uint8Array> }> {
  return new Promise((done, reject) => {
    const secure = url.protocol === 'https:'
    const outgoing = (secure ? tlsRequest : plainRequest)(url, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...(body === undefined ? {} : { 'content-length': body.length }),
        ...(person === undefined ? {} : presented(person, method, url.href)),
      },
      ...(secure ? { ca: readFileSync(caFile), minVersion: 'TLSv1.3' } : {}),
    })
    outgoing.once('error', (cause) =>
      reject(new SallyportError('cli.no_answer', `${url.origin} does not answer: ${cause.message}`, { cause })),
    )
    outgoing.once('response', (answer) => {
      done({ status: answer.statusCode ?? 500, headers: answer.headers, parts: answer })
    })
    outgoing.end(body)
  })
}

async function textOf(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all).toString('utf8')
}

function presented({ accessToken, key }: BoundToken, method: string, url: string): Readonly<Record<string, string>> {
  return { authorization: `DPoP ${accessToken}`, dpop: proofOf(key, { method, url, accessToken }) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // a function may answer with anything
  }
}
