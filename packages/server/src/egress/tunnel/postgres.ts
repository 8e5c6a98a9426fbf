import type { Duplex } from 'node:stream'
import { connect as tlsConnect, rootCertificates, TLSSocket } from 'node:tls'
import { isIP, type Socket } from 'node:net'
import { once } from 'node:events'

import { SallyportError } from '@sallyport/core/access'

import {
  fatal,
  type Message,
  message,
  parameters,
  readExactly,
  requestCodes,
  sqlState,
  startup,
} from '../../parser/index.ts'
import { startScram } from './scram.ts'

const maxMessageBytes = 64 * 1024
/** PostgreSQL says some twenty things until it is ready; all of them are held for the client. */
const maxSignInMessages = 200

/** What a client in a box asked for at first, and the stream on which it goes on. */
export type Greeting =
  | {
      readonly kind: 'start'
      readonly client: Duplex
      readonly parameters: ReadonlyMap<string, string>
      readonly minor: number
    }
  | { readonly kind: 'cancel'; readonly client: Duplex; readonly key: Buffer }
  | { readonly kind: 'malformed'; readonly client: Duplex }

/** Settings that a client may bring: how text and time are shown, and how long it waits. Everything else stays. */
const passing = new Set([
  'client_encoding',
  'DateStyle',
  'TimeZone',
  'IntervalStyle',
  'extra_float_digits',
  'search_path',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
])

/** How the door signs in. */
export interface Login {
  readonly host: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly tls: boolean
  readonly caPem: string | undefined
  /** Of the client; only some of them pass. */
  readonly parameters: ReadonlyMap<string, string>
  /** What becomes `sallyport.NAME`: who stands behind this session. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  readonly applicationName: string
  readonly nonce: string
}

/** A session upstream that waits for its first query. */
export interface Session {
  readonly upstream: Duplex
  /** What the server said of itself, for the client. */
  readonly hello: Buffer
  /** Process and key for cancelling, as the server gave them. */
  readonly key: Buffer | undefined
  readonly tls: string
}

/** TLS where it is asked for. Rejects with `upstream.plaintext` where the server will not. */
export async function secured(
  socket: Socket,
  { host, tls, caPem }: Pick<Login, 'host' | 'tls' | 'caPem'>,
): Promise<Duplex> {
  if (!tls) return socket
  socket.write(startup(requestCodes.ssl))
  const answer = await readExactly(socket, 1)
  if (answer?.toString() !== 'S' || socket.readableLength > 0) {
    throw new SallyportError('upstream.plaintext', 'the database does not speak TLS')
  }
  const upstream = tlsConnect({
    socket,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    ...(caPem === undefined ? {} : { ca: [...rootCertificates, caPem] }),
  })
  upstream.on('error', () => upstream.destroy())
  // Adversary: a server that stalls in the handshake. Whoever ends its connection ends no more than that: no error.
  const closed = new AbortController()
  upstream.once('close', () => closed.abort())
  try {
    await once(upstream, 'secureConnect', { signal: closed.signal })
  } catch (cause) {
    throw new SallyportError('upstream.unreachable', 'the database is not vouched for', { cause })
  }
  return upstream
}

/**
 * Signs in with the vault's password by SCRAM-SHA-256, and by nothing weaker: a server that asks for the password
 * itself, or for none, is not the one that was written down. Rejects with `upstream.login`.
 */
export async function signIn(socket: Socket, login: Login): Promise<Session> {
  const upstream = await secured(socket, login)
  upstream.write(
    startup(
      requestCodes.version3,
      parameters([
        ['user', login.user],
        ['database', login.database],
        ...[...login.parameters].filter(([name]) => passing.has(name)),
        ['application_name', login.applicationName],
        ['options', login.settings.map(([name, value]) => `-c sallyport.${name}=${escaped(value)}`).join(' ')],
      ]),
    ),
  )
  const scram = startScram('', login.password, login.nonce)
  let proved = false
  const hello: Buffer[] = []
  let key: Buffer | undefined
  for (let said = 0; said < maxSignInMessages; said += 1) {
    const { type, body } = await readMessage(upstream)
    if (type === 'E') throw new SallyportError('upstream.login', `the database refused: SQLSTATE ${sqlState(body)}`)
    if (type === 'R') {
      const answer = await answerTo(body)
      if (answer !== undefined) upstream.write(answer)
      continue
    }
    if (!proved) throw new SallyportError('upstream.login', 'the database went on before it had asked who is there')
    if (type === 'K') key = body
    hello.push(message(type, body))
    if (type === 'Z') {
      const tls = upstream instanceof TLSSocket ? (upstream.getProtocol() ?? 'none') : 'none'
      return { upstream, hello: Buffer.concat([message('R', Buffer.alloc(4)), ...hello]), key, tls }
    }
  }
  throw new SallyportError('upstream.login', 'the database says too much before it is ready')

  async function answerTo(body: Buffer): Promise<Buffer | undefined> {
    const rest = body.subarray(4)
    switch (body.readUInt32BE(0)) {
      case 0:
        if (!proved) throw new SallyportError('upstream.login', 'the database asked for no password')
        return undefined
      case 10: {
        if (!rest.toString('latin1').split('\0').includes('SCRAM-SHA-256')) break
        const first = Buffer.from(scram.first)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(first.length)
        return message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), length, first]))
      }
      case 11:
        return message('p', Buffer.from(await scram.final(rest.toString('latin1'))))
      case 12:
        scram.verify(rest.toString('latin1'))
        proved = true
        return undefined
    }
    throw new SallyportError('upstream.login', 'the database asks for the password in a form that would give it away')
  }
}

/** What a client is told before it reads what the server said, where it asked for more than version 3.0. */
export function negotiated(minor: number, given: ReadonlyMap<string, string>): Buffer {
  const unknown = [...given.keys()].filter((name) => name.startsWith('_pq_.'))
  if (minor === 0 && unknown.length === 0) return Buffer.alloc(0)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(unknown.length, 4)
  return message('v', Buffer.concat([head, Buffer.from(unknown.map((name) => `${name}\0`).join(''))]))
}

/** Ends a client with the reason of the door, in its own protocol. */
export function refuseClient(client: Duplex, text: string): void {
  client.end(fatal(text))
}

async function readMessage(stream: Duplex): Promise<Message> {
  const head = await readExactly(stream, 5)
  const length = head?.readUInt32BE(1) ?? 0
  const body =
    head === undefined || length < 4 || length > maxMessageBytes ? undefined : await readExactly(stream, length - 4)
  if (head === undefined || body === undefined) {
    throw new SallyportError('upstream.login', 'the database ended the exchange')
  }
  return { type: head.toString('latin1', 0, 1), body }
}

/** PostgreSQL cuts `options` at spaces and takes a backslash for an escape. */
function escaped(value: string): string {
  return value.replaceAll(/[\\\s]/g, (letter) => `\\${letter}`).replaceAll('\0', '')
}
