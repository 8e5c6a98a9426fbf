import type { Door } from '../../door.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../../source/node.ts'
import { parseDurationMs, parseLimit } from '../../source/units.ts'
import { readSpiffeId } from '../people/read-spiffe-id.ts'
import { readAdded } from './read-added.ts'
import { readOperations } from './read-operations.ts'
import { readTunnel, takenPorts } from './read-tunnel.ts'
import { isTunnel, type Reading } from '../reading.ts'
import { refuseFraming } from './refuse-framing.ts'
import { refuseSubstitution } from '../substitute.ts'
import { judged, readUpstream } from '../upstream.ts'

/** `doors:` */
export function readDoors(section: Node | undefined, reading: Reading): readonly Door[] {
  const doors = entriesOf(section).map((entry) => readDoor(entry, reading))
  for (const [index, door] of doors.entries()) {
    const other = doors.slice(0, index).find((one) => one.to === door.to && door.to !== '')
    if (other !== undefined) {
      reading.faults.add(
        'manifest.ambiguous_route',
        door.at,
        `doors.${door.name} and doors.${other.name} both lead to ${door.to}.`,
        'put the operations under one door',
      )
    }
    // Nobody can tell by its first bytes whether a connection is to be read.
    const port = portOf(door)
    const tunnel = doors.find((one) => one.kind !== 'http' && one.kind !== 'opaque' && portOf(one) === port)
    if (door.kind === 'http' && port !== '' && tunnel !== undefined)
      reading.faults.add(
        'manifest.unsupported',
        door.at,
        `doors.${door.name}: the port ${port} is passed through for doors.${tunnel.name}, so no request on it is read.`,
        `to: tcp://${new URL(door.to).host}`,
      )
  }
  return doors
}

/** As the function dials it; nothing where it is the scheme's own. */
function portOf({ to }: Door): string {
  return URL.parse(to)?.port ?? ''
}

function readDoor(entry: Entry, reading: Reading): Door {
  const { key, keyAt, value } = entry
  if (isTunnel(value)) return readTunnel(entry, reading)
  const { faults } = reading
  const path = `doors.${key}`
  const to = child(value, 'to')
  const toText = textOf(to) ?? ''
  if (to !== undefined) refuseSubstitution(toText, to.at, `${path}.to`, faults)
  const written = child(value, 'upstream')
  const inside = child(value, 'private')
  const within = inside?.kind === 'flag' && inside.value
  // Up to the door a request never leaves its box; beyond it plain HTTP goes to private addresses alone.
  const plain = within || written !== undefined
  const address =
    to === undefined || toText.includes('${') ? undefined : judged(toText, to, `${path}.to`, reading, plain)
  const upstream = readUpstream(written, `${path}.upstream`, reading, within)
  const target = upstream ?? address
  const port = Number(URL.parse(address?.origin ?? '')?.port ?? '')
  if (to !== undefined && takenPorts.has(port))
    faults.add('manifest.unsupported', to.at, `${path}.to: the port ${port} is the door's own in every box.`)
  const accept = textsOf(child(value, 'accept'))
  for (const { text, at } of accept) refuseFraming(text, at, `${path}.accept`, reading)
  const limit = parseLimit(textOf(child(value, 'limit')) ?? '')
  const add = readAdded(value, address?.origin ?? '', path, reading)
  const ops = child(value, 'ops')
  if (ops === undefined) reading.faults.add('manifest.missing_key', keyAt, `${path} needs "ops".`)
  for (const only of ['user', 'password', 'database', 'tls']) {
    const at = child(value, only)?.at
    if (at !== undefined)
      reading.faults.add('manifest.unsupported', at, `${path}: "${only}" belongs to a postgres door.`)
  }
  const peer = readPeer(child(value, 'peer'), target?.origin, path, reading)
  return {
    name: key,
    kind: 'http',
    to: address?.origin ?? '',
    upstream: target?.origin ?? '',
    privateUpstream: (target?.private ?? false) || within,
    ...(peer === undefined ? {} : { peer }),
    add,
    ops: readOperations(
      ops,
      {
        path: `${path}.ops`,
        returns: child(value, 'returns'),
        timeoutMs: parseDurationMs(textOf(child(value, 'timeout')) ?? '30s') ?? 30_000,
        maxBodyBytes: child(value, 'maxBodyBytes'),
        add,
      },
      reading,
    ),
    accept: accept.map(({ text }) => text.toLowerCase()),
    ...(limit === undefined ? {} : { limit }),
    at: keyAt,
  }
}

/** Who must be at the other end: what proves it is a certificate, so there must be TLS. */
function readPeer(
  node: Node | undefined,
  upstream: string | undefined,
  path: string,
  reading: Reading,
): string | undefined {
  if (node !== undefined && upstream?.startsWith('http://') === true) {
    const fix = 'give an https upstream'
    reading.faults.add('manifest.unsupported', node.at, `${path}: nobody proves anything over plain HTTP.`, fix)
  }
  return readSpiffeId(node, `${path}.peer`, reading.declared.trust, reading)
}
