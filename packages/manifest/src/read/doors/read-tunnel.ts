import { secretsIn, type DatabaseLogin, type Door, type DoorOperation } from '../../door.ts'
import { child, textOf, type Entry, type Node } from '../../source/node.ts'
import { readAddress } from '../address.ts'
import { resolve, type Reading } from '../reading.ts'
import { refuseSubstitution, substitute } from '../substitute.ts'

/** Ports on which the box's own listeners stand; and what a port is where a scheme says nothing of it. */
export const takenPorts: ReadonlySet<number> = new Set([53, 80, 443, 9001])
const standardPorts: Readonly<Record<string, number>> = { postgres: 5432, https: 443 }
const notHere = ['add', 'auth', 'ops', 'accept', 'returns', 'limit', 'timeout', 'maxBodyBytes']

/** A door that is decided when it connects: opaque TLS, plain TCP, or PostgreSQL. */
export function readTunnel({ key, keyAt, value }: Entry, reading: Reading): Door {
  const { faults } = reading
  const path = `doors.${key}`
  const written = textOf(child(value, 'to')) ?? ''
  const kind = written.startsWith('tcp:') ? 'tcp' : written.startsWith('postgres:') ? 'postgres' : 'opaque'
  for (const name of notHere) {
    const node = child(value, name)
    if (node === undefined) continue
    const why = `${path}: "${name}" needs a door that reads requests, and this one passes ${kind} through.`
    faults.add('manifest.unsupported', node.at, why, 'leave it out; what there is to be granted is "connect"')
  }
  if (kind !== 'postgres') {
    for (const name of ['user', 'password', 'database', 'tls']) {
      const at = child(value, name)?.at
      if (at !== undefined) faults.add('manifest.unsupported', at, `${path}: "${name}" belongs to a postgres door.`)
    }
  }
  const to = readEndpoint(child(value, 'to'), kind, `${path}.to`, false, reading)
  const upstream = readEndpoint(child(value, 'upstream'), kind, `${path}.upstream`, true, reading) ?? to
  if (to !== undefined && kind === 'opaque' && to.port !== 443) {
    const why = `${path}.to: a box has one port for TLS, 443; where the door really leads stands under upstream`
    faults.add('manifest.unsupported', keyAt, `${why}.`, `to: ${to.origin.replace(/:\d+$/, '')}`)
  }
  if (to !== undefined && kind !== 'opaque' && takenPorts.has(to.port)) {
    faults.add('manifest.unsupported', keyAt, `${path}.to: the port ${to.port} is the door's own in every box.`)
  }
  const inside = child(value, 'private')
  const privateUpstream = (upstream?.private ?? false) || (inside?.kind === 'flag' && inside.value)
  const database = kind === 'postgres' ? readLogin(value, path, privateUpstream, reading) : undefined
  return {
    name: key,
    kind,
    to: to?.origin ?? '',
    upstream: upstream?.origin ?? '',
    privateUpstream,
    add: { headers: {}, query: {}, body: {} },
    ...(database === undefined ? {} : { database }),
    ops: [connectOperation(keyAt)],
    accept: [],
    at: keyAt,
  }
}

/** What stands under `can` for a door of this kind. Its method is none that a request has, so no request is it. */
function connectOperation(at: DoorOperation['at']): DoorOperation {
  return { name: 'connect', method: 'CONNECT', path: '/', timeoutMs: 30_000, maxBodyBytes: 0, retries: 0, at }
}

function readLogin(door: Node, path: string, mayBePlain: boolean, reading: Reading): DatabaseLogin | undefined {
  const { declared, faults } = reading
  const [user, password, database, tls] = ['user', 'password', 'database', 'tls'].map((name) => child(door, name))
  for (const [name, node] of [
    ['user', user],
    ['password', password],
    ['database', database],
  ] as const) {
    if (node === undefined) faults.add('manifest.missing_key', door.at, `${path} needs "${name}".`)
  }
  if (user === undefined || password === undefined || database === undefined) return undefined
  const template = textOf(password) ?? ''
  if (!/^\{[^{}]+\}$/.test(template)) {
    faults.add(
      'manifest.secret_in_text',
      password.at,
      `${path}.password must be one secret and nothing beside it.`,
      'declare it under secrets: and write "{its-name}" here',
    )
  }
  for (const name of secretsIn(template)) resolve(name, password.at, 'secret', declared.secrets, faults)
  const off = textOf(tls) === 'off'
  if (off && !mayBePlain && tls !== undefined) {
    faults.add(
      'manifest.insecure_upstream',
      tls.at,
      `${path}.tls: a public server is spoken to over TLS.`,
      'tls: required',
    )
  }
  return { user: textOf(user) ?? '', password: template, database: textOf(database) ?? '', tls: !off }
}

interface Endpoint {
  /** `postgres://db.internal:5432` */
  readonly origin: string
  readonly port: number
  readonly private: boolean
}

function readEndpoint(
  node: Node | undefined,
  kind: Door['kind'],
  path: string,
  substituted: boolean,
  reading: Reading,
): Endpoint | undefined {
  const { faults } = reading
  const written = textOf(node)
  if (node === undefined || written === undefined) return undefined
  if (!substituted) refuseSubstitution(written, node.at, path, faults)
  const text = substituted
    ? substitute(written, node.at, reading.environment, reading.substitutions, faults)
    : written.includes('${')
      ? undefined
      : written
  if (text === undefined) return undefined
  const scheme = kind === 'opaque' ? 'https' : kind
  const [, given, host = '', port] = /^([a-z]+):\/\/(\[[^\]/]*\]|[^:/?#\s]*)(?::(\d{1,5}))?\/?$/.exec(text) ?? []
  const number = port === undefined ? standardPorts[scheme] : Number(port)
  const example = `${scheme}://db.example.com${scheme === 'tcp' ? ':6379' : ''}`
  if (given !== scheme || number === undefined || number < 1 || number > 65_535) {
    faults.add('manifest.wrong_type', node.at, `${path} must be like ${example}, not "${text}".`, example)
    return undefined
  }
  // Hosts are judged as those of HTTPS are: no link-local address, nothing that two readers take for two hosts.
  const address = readAddress(`https://${host}`)
  if (address.kind === 'refused') {
    faults.add('manifest.insecure_upstream', node.at, `${path}: ${address.why}.`, address.suggestion)
    return undefined
  }
  const standard = scheme === 'https' && number === 443
  const origin = `${scheme}://${host.toLowerCase()}${standard ? '' : `:${number}`}`
  return { origin, port: number, private: address.private }
}
