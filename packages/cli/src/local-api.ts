import { readFileSync, statSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'

import { type HolderKey, proofOf } from './bound/index.ts'
import { type StepUp, stepUpIn } from './step-up.ts'
import { stateFolder } from './terminal.ts'

/** What a running server says about itself. */
export interface Status {
  readonly app: string
  readonly pid: number
  readonly gateway: string
  readonly issuer: string
  /** Path of the CA certificate that the gateway and the issuer stand under. */
  readonly caFile: string
  readonly isolation: string
  readonly ledger: string
  readonly debug: boolean
}

/** A token as it is presented: with proofs of its key, or as it is, which an administrative verb refuses. */
export interface Presented {
  readonly accessToken: string
  readonly key?: HolderKey
}

/** One call to the server. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: Uint8Array
  readonly contentType?: string
  /** Who asks, with the key that their token is bound to; administrative verbs need one, reading does not. */
  readonly person?: Presented
  /** Signs in as a challenge asks, if that person agrees; what comes of it is presented once more. */
  readonly stepUp?: (wanted: StepUp) => Promise<Presented | undefined>
}

/** The server's local API: a unix socket that only the owner of the state folder can reach. */
export interface LocalApi {
  /** Gives the parsed JSON. Throws `cli.refused` with the server's own words when it says no. */
  call(call: Call): Promise<unknown>
  /** The same; where the answer streams, its parts as they come, and the status of whoever makes them. */
  open(call: Call): Promise<{ readonly value: unknown } | Streamed>
  /** Gives the body as it arrives, line by line. */
  lines(path: string): AsyncGenerator<string>
}

/** What a function streams. Reading it rejects with `cli.no_answer` where it breaks off. */
export interface Streamed {
  readonly status: number
  readonly parts: AsyncIterable<Uint8Array>
}

const streamType = 'application/vnd.sallyport.stream'

/** What proofs for this API name as its address; a socket has none of its own. */
const apiOrigin = 'http://localhost'

/** RFC 9449 §9. */
function isStale({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 401 && headers['www-authenticate']?.includes('use_dpop_nonce') === true
}

const maxAnswerBytes = 32 * 1024 * 1024

/** Finds the server that runs for this app. Nothing is sent until the first call. */
export function localApi(folder: string): LocalApi {
  const state = stateFolder(folder)
  const notRunning = (cause: unknown): SallyportError =>
    new SallyportError('cli.not_running', `no server runs for ${folder}`, {
      cause,
      fix: commandLine('sallyport', 'up', folder),
    })
  const read = (name: string): string | undefined => {
    try {
      refuseForeign(state)
      return readFileSync(join(state, name), 'utf8').trim()
    } catch (error) {
      if (error instanceof SallyportError) throw error
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw new SallyportError('cli.no_answer', `cannot read ${join(state, name)}`, { cause: error })
    }
  }

  // Handed out with every answer; a proof without the present one is refused.
  let nonce: string | undefined

  async function send(call: Call): Promise<IncomingMessage> {
    if (call.person !== undefined && nonce === undefined)
      await sendOnce({ method: 'GET', path: '/v1/status' }).then(textOf)
    const answer = await sendOnce(call)
    // It was handed out a minute ago and more: the answer holds the next one.
    return isStale(answer) && call.person !== undefined ? textOf(answer).then(() => sendOnce(call)) : answer
  }

  async function sendOnce(call: Call): Promise<IncomingMessage> {
    const answer = await transmit(call)
    const next = answer.headers['dpop-nonce']
    if (typeof next === 'string') nonce = next
    return answer
  }

  function transmit({ method, path, body, contentType, person }: Call): Promise<IncomingMessage> {
    const { accessToken, key } = person ?? {}
    const last = nonce === undefined ? {} : { nonce }
    const dpop = key && accessToken && proofOf(key, { method, url: `${apiOrigin}${path}`, accessToken, ...last })
    const token = read('api-token')
    if (token === undefined) return Promise.reject(notRunning(undefined))
    const socketPath = read('api-address') ?? join(state, 'api.sock')
    refuseForeignSocket(socketPath, state)
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath,
        method,
        path,
        headers: {
          host: 'localhost',
          authorization: `Bearer ${token}`,
          ...(accessToken === undefined ? {} : { 'x-sallyport-user-token': accessToken }),
          ...(dpop ? { dpop } : {}),
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
          ...(body === undefined ? {} : { 'content-length': body.length }),
        },
      })
      outgoing.once('response', resolve)
      outgoing.once('error', (error) => reject(notRunning(error)))
      outgoing.end(body)
    })
  }

  async function open(call: Call): Promise<{ readonly value: unknown } | Streamed> {
    let answer = await send(call)
    const wanted = stepUpIn(answer.headers['www-authenticate'])
    const stronger = wanted === undefined ? undefined : await call.stepUp?.(wanted)
    if (stronger !== undefined) {
      answer.resume()
      answer = await send({ ...call, person: stronger })
    }
    if (answer.headers['content-type'] === streamType) {
      return { status: Number(answer.headers['x-sallyport-status']), parts: partsOf(answer) }
    }
    const text = await textOf(answer)
    const value = parseJson(text)
    if ((answer.statusCode ?? 500) < 400) return { value }
    throw refusalOf(value, answer.statusCode ?? 500)
  }

  return {
    open,
    async call(call) {
      const answer = await open(call)
      if ('value' in answer) return answer.value
      throw new SallyportError('cli.no_answer', 'the server streams an answer that was to be whole')
    },
    async *lines(path) {
      const answer = await send({ method: 'GET', path })
      if ((answer.statusCode ?? 500) >= 400) throw refusalOf(parseJson(await textOf(answer)), answer.statusCode ?? 500)
      let rest = ''
      answer.setEncoding('utf8')
      for await (const part of answer) {
        const lines = (rest + String(part)).split('\n')
        rest = lines.pop() ?? ''
        yield* lines
      }
      if (rest !== '') yield rest
    },
  }
}

/**
 * Adversary: another user of this machine, whose folder holds the address of a socket of theirs. What is sent there may
 * be a secret, and shows who sends it.
 */
function refuseForeign(state: string): void {
  const { uid, mode } = statSync(state)
  const self = process.getuid?.() ?? uid
  if ((uid === self || uid === 0 || self === 0) && (mode & 0o002) === 0) return
  throw new SallyportError('cli.foreign_state', `${state} is another user's, or open to all: nothing is sent there`)
}

/** Adversary: who wrote the app, and had a state folder come along that names a socket of another user. */
function refuseForeignSocket(path: string, state: string): void {
  const uid = statSync(path, { throwIfNoEntry: false })?.uid
  if (uid === undefined || [0, process.getuid?.(), statSync(state).uid].includes(uid)) return
  throw new SallyportError('cli.foreign_state', `${path} is another user's socket: nothing is sent there`)
}

/** Reads the status of the server that runs for this app. */
export async function statusOf(api: LocalApi): Promise<Status> {
  const value = await api.call({ method: 'GET', path: '/v1/status' })
  if (!isRecord(value))
    throw new SallyportError('cli.no_answer', 'the server answered with something that is no status')
  const text = (name: string): string => textIn(value, name) ?? ''
  return {
    app: text('app'),
    pid: Number(value['pid']),
    gateway: text('gateway'),
    issuer: text('issuer'),
    caFile: text('caFile'),
    isolation: text('isolation'),
    ledger: text('ledger'),
    debug: value['debug'] !== undefined,
  }
}

/** What a refusal says, `{ code, reason, id }`, as an error that names the next command. */
export function refusalOf(value: unknown, status: number): SallyportError {
  const refusal = isRecord(value) ? value : {}
  const code = textIn(refusal, 'code') ?? `status ${status}`
  const message = `refused: ${code}: ${textIn(refusal, 'reason') ?? 'no reason given'}`
  const [fix, id] = [textIn(refusal, 'fix'), textIn(refusal, 'id')]
  // The server's own fix where it has one; else where to read what was decided and why.
  const next = fix ?? (id === undefined ? undefined : commandLine('sallyport', 'why', id))
  return new SallyportError('cli.refused', message, next === undefined ? {} : { fix: next })
}

/** A member that is a string; undefined for anything else. */
export function textIn(value: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const text = value[name]
  return typeof text === 'string' ? text : undefined
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function* partsOf(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of answer) yield Buffer.from(part)
  } catch (cause) {
    throw new SallyportError('cli.no_answer', 'the answer broke off before its end', { cause })
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of answer) {
    const bytes = Buffer.from(part)
    length += bytes.length
    if (length > maxAnswerBytes) throw new SallyportError('cli.no_answer', 'the server answers without end')
    parts.push(bytes)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SallyportError('cli.no_answer', 'the server answered with something that is no JSON', { cause: error })
  }
}
