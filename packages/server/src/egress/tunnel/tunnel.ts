import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { actions, arn, type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import type { Outcome, Passed } from '@sallyport/core/enforcement'
import { type App, type Door, secretsOf } from '@sallyport/manifest'

import type { Invocation } from '../../host/index.ts'
import { dial, hostOf } from '../upstream/dial.ts'
import { namesOf } from '../dns/dns.ts'
import { missingSecret } from '../door/door-call.ts'
import type { Exit } from '../exit.ts'
import { cross, endedSince } from '../gate.ts'
import { doorReason } from '../listen/head.ts'
import type { PortConnection, Under } from '../listen/port-handlers.ts'
import { type Life, liveUnder } from '../life.ts'
import { type Greeting, negotiated, refuseClient, secured, signIn } from './postgres.ts'
import { requestCodes, startup } from '../../parser/index.ts'
import { newId } from '../records.ts'
import { counter, join } from './relay.ts'
import type { Leaf } from '../rooms.ts'
import { broken, type RequestServer } from '../serve-request.ts'
import type { Ending } from '../ending.ts'

/** What became of a connection: open, or refused with a reason for the log and an id. */
type Answer = { readonly kind: 'open' } | { readonly kind: 'refused'; readonly code: string; readonly id: string }

/** The connections of one box that are no HTTP: decided when they are made, and relayed after. */
export interface Tunnels {
  /** A connection to one of the further ports. */
  onConnection(connection: PortConnection, under: Under): Promise<void>
  /** A TLS connection for a name that an opaque door has. */
  onOpaque(stream: Duplex, name: string, under: Under): Promise<void>
  /** Whether an opaque door has that name. */
  isOpaque(name: string): boolean
}

const loginTimeoutMs = 15_000
const maxKeys = 256

/** Makes the tunnels of one box. */
export function createTunnels(
  server: RequestServer,
  leafFor: (name: string) => Promise<Leaf | undefined>,
  caPem: string | undefined,
): Tunnels {
  const { rooms, box } = server
  // Sessions that were opened here, by process and key: whoever knows another's key still cannot cancel it.
  const sessions = new Map<string, string>()
  // How many of them are open, by door.
  const held = new Map<string, number>()

  async function walk(
    door: Door,
    greeting: Greeting | undefined,
    socket: Duplex,
    { invocation, signal }: Under,
  ): Promise<Answer> {
    try {
      return await cross(rooms, exitOf(door, greeting, socket, invocation, signal))
    } catch (error) {
      broken(server, error)
      return { kind: 'refused', code: 'exit.error', id: newId(rooms) }
    }
  }

  function exitOf(
    door: Door,
    greeting: Greeting | undefined,
    socket: Duplex,
    invocation: Invocation | undefined,
    signal: Ending,
  ): Exit<Answer> {
    return {
      box,
      invocation,
      asks: [{ action: actions.useDoor, resource: arn.door(rooms.app().name, door.name, 'connect') }],
      ...(greeting?.kind === 'start' ? refusalOfMany(door, socket) : {}),
      durability: 'synced',
      upstream: { host: new URL(door.upstream).host, tls: tlsOf(door) },
      lack: async () => {
        const replication = greeting?.kind === 'start' && greeting.parameters.has('replication')
        if (replication) return doorReason('door.field', 'A door opens no replication.')
        const missing = secretsOf(door).find((name) => !rooms.hasSecret(name))
        return missing === undefined ? undefined : missingSecret(rooms.app(), missing)
      },
      refuse: ({ id, reasons: [{ code }] }) => ({ kind: 'refused', code, id }),
      pass: async (grant) => {
        const life = liveUnder(rooms, grant, signal)
        const passed = await open(door, greeting, socket, { box, invocation }, grant, life).catch(
          (error: unknown): Passed<Answer> => {
            if (!(error instanceof SallyportError)) throw error
            const code = life.endedBy() ?? error.code
            const outcome = life.endedBy() === undefined ? 'failed' : 'aborted'
            return {
              response: { kind: 'refused', code, id: grant.decision.id },
              outcome: Promise.resolve({ outcome, detail: `${code}: ${error.message}` }),
            }
          },
        )
        void passed.outcome.then(() => life.release())
        return passed
      },
    }
  }

  async function open(
    door: Door,
    greeting: Greeting | undefined,
    socket: Duplex,
    exit: Pick<Exit<Answer>, 'box' | 'invocation'>,
    grant: Grant,
    life: Life,
  ): Promise<Passed<Answer>> {
    const ended = endedSince(rooms, exit, grant, life.signal)
    if (ended !== undefined) throw new SallyportError(ended, 'the right to connect ended')
    const raw = await dial(door, life.signal, rooms.mayOpen)
    // A server that stalls while we sign in must not outlive the invocation, nor our patience.
    const giveUp = (): void => void raw.destroy()
    const timer = setTimeout(giveUp, loginTimeoutMs)
    life.signal.addEventListener('abort', giveUp, { once: true })
    try {
      if (greeting?.kind === 'cancel') return await cancel(door, greeting.key, raw, grant)
      if (greeting?.kind !== 'start') return relay(socket, raw, life, tlsOf(door) === 'opaque' ? {} : { tls: 'none' })
      const session = await signIn(raw, { ...(await loginOf(door, exit.invocation)), parameters: greeting.parameters })
      const again = endedSince(rooms, exit, grant, life.signal)
      if (again !== undefined) throw new SallyportError(again, 'the right to connect ended')
      if (session.key !== undefined) remember(session.key, door.name)
      greeting.client.write(Buffer.concat([negotiated(greeting.minor, greeting.parameters), session.hello]))
      return relay(greeting.client, session.upstream, life, { tls: session.tls })
    } catch (error) {
      raw.destroy()
      throw error
    } finally {
      clearTimeout(timer)
      life.signal.removeEventListener('abort', giveUp)
    }
  }

  async function loginOf(
    door: Door,
    invocation: Invocation | undefined,
  ): Promise<Omit<Parameters<typeof signIn>[1], 'parameters'>> {
    const { database } = door
    const [name = ''] = secretsOf(door)
    const secret = await rooms.useSecret(name)
    if (database === undefined || secret === undefined) {
      throw new SallyportError('secret.missing', missingSecret(rooms.app(), name).message)
    }
    const user = invocation?.user?.name
    return {
      host: hostOf(door),
      user: database.user,
      password: secret.reveal(),
      database: database.database,
      tls: database.tls,
      caPem,
      settings: [
        ['function', box.image.name],
        ['transaction', invocation?.transaction ?? ''],
        ...(user === undefined ? [] : [['user', user] as const]),
      ],
      applicationName: user === undefined ? box.image.name : `${box.image.name} for ${user}`,
      nonce: Buffer.from(rooms.random(18)).toString('base64'),
    }
  }

  async function cancel(door: Door, key: Buffer, raw: Socket, grant: Grant): Promise<Passed<Answer>> {
    if (sessions.get(key.toString('hex')) !== door.name) {
      throw new SallyportError('door.field', 'a session of somebody else is not cancelled')
    }
    const { tls } = door.database ?? { tls: true }
    const upstream = await secured(raw, { host: hostOf(door), tls, caPem })
    upstream.end(startup(requestCodes.cancel, key))
    return {
      response: { kind: 'refused', code: 'cancelled', id: grant.decision.id }, // the connection has done its work
      outcome: Promise.resolve({ outcome: 'done', detail: 'a query was cancelled' }),
    }
  }

  /** Adversary: a box that opens sessions until the database has none left for those of its neighbours. */
  function refusalOfMany({ name }: Door, socket: Duplex): Pick<Exit<Answer>, 'refusal'> {
    const [count, { sessions: most }] = [held.get(name) ?? 0, server.limits]
    if (count >= most) {
      return { refusal: doorReason('exit.too_many_sessions', `A box may hold ${most} sessions of one database.`) }
    }
    held.set(name, count + 1)
    socket.once('close', () => held.set(name, (held.get(name) ?? 1) - 1))
    return {}
  }

  function remember(key: Buffer, door: string): void {
    sessions.set(key.toString('hex'), door)
    const oldest = sessions.keys().next().value
    if (sessions.size > maxKeys && oldest !== undefined) sessions.delete(oldest)
  }

  async function refuseUnknown(socket: Duplex, { invocation }: Under, resource: string, reason: Reason): Promise<void> {
    await cross<undefined>(rooms, {
      box,
      invocation,
      asks: [{ action: actions.useDoor, resource }],
      refusal: reason,
      durability: 'written',
      refuse: () => undefined,
      pass: (grant) => {
        throw new SallyportError('egress.refusal_ignored', `a refused exit was admitted as ${grant.decision.id}`)
      },
    }).catch((error: unknown) => broken(server, error))
    socket.destroy()
  }

  const opaqueDoor = (name: string): Door | undefined =>
    rooms.app().doors.find((door) => door.kind === 'opaque' && hostOf({ upstream: door.to }) === name)

  return {
    isOpaque: (name) => opaqueDoor(name) !== undefined,
    onOpaque: async (stream, name, under) => {
      const door = opaqueDoor(name)
      const answer = door && (await walk(door, undefined, stream, under))
      if (answer?.kind !== 'open') stream.destroy()
    },
    onConnection: async ({ stream, localAddress, port, relay: begin, greet }, under) => {
      const app = rooms.app()
      const door = doorAt(app, localAddress, port)
      if (door === undefined) {
        const what = `tcp://${localAddress.replace(/^::ffff:/, '')}:${port}`
        const reason = doorReason('door.unlisted', `No door leads to ${what}.`)
        return refuseUnknown(stream, under, arn.door(app.name, '?', what), reason)
      }
      if (door.kind !== 'postgres') {
        begin()
        const answer = await walk(door, undefined, stream, under)
        if (answer.kind === 'refused') stream.destroy()
        return
      }
      const timer = setTimeout(() => stream.destroy(), server.limits.idleMs)
      const greeting = await greet(await leafFor(hostOf({ upstream: door.to })))
      clearTimeout(timer)
      if (stream.destroyed) return
      if (greeting.kind === 'malformed') {
        const reason = doorReason('request.malformed', 'This is not the start of a PostgreSQL session.')
        return refuseUnknown(stream, under, arn.door(app.name, door.name, 'connect'), reason)
      }
      const answer = await walk(door, greeting, stream, under)
      if (answer.kind === 'open') return
      if (greeting.kind === 'start') refuseClient(greeting.client, `${answer.code} (why: sallyport why ${answer.id})`)
      else greeting.client.end()
    },
  }
}

/** The address of a box's connection belongs to one name; the name and the port to one door. */
function doorAt(app: App, localAddress: string, port: number): Door | undefined {
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return app.doors.find((door) => {
    if (door.kind !== 'tcp' && door.kind !== 'postgres') return false
    const host = hostOf({ upstream: door.to })
    const dialled = host === address || namesOf(app).get(host) === address
    return dialled && new URL(door.to).port === String(port)
  })
}

function tlsOf(door: Door): string {
  if (door.kind === 'opaque') return 'opaque'
  return door.database?.tls === true ? '>=TLSv1.2' : 'none'
}

/** Bytes both ways until either side ends, the invocation does, or the grant is revoked. */
function relay(box: Duplex, upstream: Duplex, life: Life, known: Partial<Outcome>): Passed<Answer> {
  const [sent, received] = [counter(), counter()]
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const end = (): void => {
    upstream.destroy()
    box.destroy()
  }
  life.signal.addEventListener('abort', end, { once: true })
  upstream.once('close', () => {
    const why = life.endedBy()
    resolve({
      ...known,
      outcome: why === undefined ? 'done' : 'aborted',
      sentBytes: sent.bytes(),
      receivedBytes: received.bytes(),
      ...(why === undefined ? {} : { detail: why }),
    })
  })
  join(box, sent.stream, upstream)
  join(upstream, received.stream, box)
  if (life.signal.aborted || box.destroyed || upstream.destroyed) end()
  return { response: { kind: 'open' }, outcome: promise }
}
