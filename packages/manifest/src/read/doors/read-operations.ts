import { defaultMaxBodyBytes, type Added, type DoorOperation, type Returns } from '../../door.ts'
import { parsePathTemplate, sameShape } from '../../match/path.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../../source/node.ts'
import { parseDurationMs, parseLimit } from '../../source/units.ts'
import { routeKey } from '../../source/words.ts'
import { readConstraints } from './read-constraints.ts'
import type { Reading } from '../reading.ts'
import { refuseFraming } from './refuse-framing.ts'

/** What a door says for all of its operations. */
export interface DoorDefaults {
  /** `doors.stripe.ops` */
  readonly path: string
  readonly returns: Node | undefined
  readonly timeoutMs: number
  readonly maxBodyBytes: Node | undefined
  readonly add: Added
}

/** RFC 9110 §9.2.2. */
const idempotentMethods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']
const bodiless = ['GET', 'HEAD', 'DELETE', 'OPTIONS']

/** `ops:` of one door. */
export function readOperations(
  section: Node | undefined,
  defaults: DoorDefaults,
  reading: Reading,
): readonly DoorOperation[] {
  const operations: DoorOperation[] = []
  for (const entry of entriesOf(section)) {
    const operation = readOperation(entry, defaults, reading)
    if (operation === undefined) continue
    const twin = operations.find((one) => one.method === operation.method && sameRequests(one, operation))
    if (twin !== undefined) {
      reading.faults.add(
        'manifest.ambiguous_route',
        entry.keyAt,
        `${defaults.path}.${entry.key} and ${defaults.path}.${twin.name} answer the same requests.`,
        'keep one of the two',
      )
    }
    operations.push(operation)
  }
  return operations
}

function sameRequests(one: DoorOperation, other: DoorOperation): boolean {
  const [a, b] = [parsePathTemplate(one.path), parsePathTemplate(other.path)]
  return a !== undefined && b !== undefined && sameShape(a, b)
}

function readOperation(
  { key, keyAt, value }: Entry,
  defaults: DoorDefaults,
  reading: Reading,
): DoorOperation | undefined {
  const { faults } = reading
  const path = `${defaults.path}.${key}`
  const request = value.kind === 'map' ? child(value, 'request') : value
  const [method = '', pathText = ''] = (textOf(request) ?? '').split(' ')
  if (parsePathTemplate(pathText) === undefined) {
    // The grammar has reported every other form; this one has dot segments or one name twice.
    if (routeKey.test(textOf(request) ?? ''))
      faults.add(
        'manifest.wrong_type',
        request?.at ?? keyAt,
        `${path}: "${pathText}" has dot segments, or one name twice.`,
      )
    return undefined
  }
  const open = textsOf(child(value, 'open')).map(({ text }) => text)
  const query = readConstraints(child(value, 'query'), open.includes('query'), `${path}.query`, reading)
  const body = readConstraints(child(value, 'body'), open.includes('body'), `${path}.body`, reading)
  if (body !== undefined && bodiless.includes(method)) {
    faults.add(
      'manifest.unsupported',
      child(value, 'body')?.at ?? keyAt,
      `${path}: a ${method} has no body to constrain.`,
      'constrain its query',
    )
  }
  for (const part of ['query', 'body'] as const) {
    const written = part === 'query' ? query : body
    for (const { name } of written?.fields ?? []) {
      if (!Object.hasOwn(defaults.add[part], name)) continue
      faults.add('manifest.unsupported', keyAt, `${path}.${part}: the door itself sets "${name}".`, 'leave it out here')
    }
    if (open.includes(part) && written === undefined) {
      faults.add('manifest.unsupported', child(value, 'open')?.at ?? keyAt, `${path}: "${part}" is open already.`)
    }
  }
  const idempotencyNode = child(value, 'idempotency')
  const idempotency = textOf(idempotencyNode)?.toLowerCase()
  if (idempotencyNode !== undefined && idempotency !== undefined)
    refuseFraming(idempotency, idempotencyNode.at, `${path}.idempotency`, reading)
  const limit = parseLimit(textOf(child(value, 'limit')) ?? '')
  const returns = readReturns(child(value, 'returns') ?? defaults.returns, `${path}.returns`, reading)
  const maxBody = child(value, 'maxBodyBytes') ?? defaults.maxBodyBytes
  return {
    name: key,
    method,
    path: pathText,
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(returns === undefined ? {} : { returns }),
    ...(limit === undefined ? {} : { limit }),
    timeoutMs: parseDurationMs(textOf(child(value, 'timeout')) ?? '') ?? defaults.timeoutMs,
    maxBodyBytes: maxBody?.kind === 'number' ? maxBody.value : defaultMaxBodyBytes,
    retries: readRetries(child(value, 'retry'), method, idempotency, path, reading),
    ...(idempotency === undefined ? {} : { idempotency }),
    at: keyAt,
  }
}

/** A request that is sent again may have had its effect already. */
function readRetries(
  node: Node | undefined,
  method: string,
  idempotency: string | undefined,
  path: string,
  { faults }: Reading,
): number {
  if (node?.kind !== 'number') return 0
  if (!idempotentMethods.includes(method) && idempotency === undefined) {
    faults.add(
      'manifest.unsupported',
      node.at,
      `${path}.retry: a ${method} that is sent twice may be done twice.`,
      'idempotency: Idempotency-Key',
    )
  }
  return node.value
}

function readReturns(section: Node | undefined, path: string, reading: Reading): Returns | undefined {
  if (section?.kind !== 'map') return undefined
  const headersNode = child(section, 'headers')
  const fields = textsOf(child(section, 'fields')).map(({ text }) => text)
  const headers = textsOf(headersNode)
  for (const { text, at } of headers) {
    refuseFraming(text, at, `${path}.headers`, reading)
    if (/^set-cookie2?$/i.test(text)) {
      reading.faults.add('manifest.unsupported', at, `${path}.headers: a cookie would be a memory between calls.`)
    }
  }
  return {
    ...(headersNode === undefined ? {} : { headers: headers.map(({ text }) => text.toLowerCase()) }),
    ...(fields.length === 0 ? {} : { fields }),
  }
}
