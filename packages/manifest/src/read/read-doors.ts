import type { Door, DoorOperation, SecretDeclaration, Table } from '../app.ts'
import { parsePathTemplate, sameShape } from '../match/path.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../source/node.ts'
import { parseDurationMs } from '../source/units.ts'
import { readAddress } from './address.ts'
import { looksSecret } from './looks-secret.ts'
import { resolve, type Reading } from './reading.ts'
import { refuseSubstitution, substitute } from './substitute.ts'

/** Headers that frame a message or name its receiver: a door that set them could send one request as another. */
const framingHeaders = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-connection',
  'proxy-authorization',
]

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
  }
  return doors
}

function readDoor({ key, keyAt, value }: Entry, reading: Reading): Door {
  const { faults } = reading
  const to = child(value, 'to')
  const toText = textOf(to) ?? ''
  if (to !== undefined) refuseSubstitution(toText, to.at, `doors.${key}.to`, faults)
  const address = to === undefined || toText.includes('${') ? undefined : judged(toText, to, `doors.${key}.to`, reading)
  const upstream = readUpstream(child(value, 'upstream'), `doors.${key}.upstream`, reading)
  const target = upstream ?? address
  const accept = textsOf(child(value, 'accept'))
  for (const { text, at } of accept) refuseFraming(text, at, `doors.${key}.accept`, reading)
  return {
    name: key,
    to: address?.origin ?? '',
    upstream: target?.origin ?? '',
    privateUpstream: target?.private ?? false,
    add: readAdded(child(value, 'add'), `doors.${key}.add`, reading),
    ops: readOperations(child(value, 'ops'), `doors.${key}.ops`, reading),
    accept: accept.map(({ text }) => text.toLowerCase()),
    timeoutMs: parseDurationMs(textOf(child(value, 'timeout')) ?? '30s') ?? 30_000,
    at: keyAt,
  }
}

function judged(
  text: string,
  node: Node,
  path: string,
  { faults }: Reading,
): { origin: string; private: boolean } | undefined {
  const address = readAddress(text)
  if (address.kind === 'address') return address
  if (text.includes('*')) {
    faults.add(
      'manifest.wildcard',
      node.at,
      `${path}: "${text}" holds a "*", and there are no wildcards.`,
      'name one host',
    )
  } else {
    faults.add('manifest.insecure_upstream', node.at, `${path}: ${address.why}.`, address.suggestion)
  }
  return undefined
}

function readUpstream(
  node: Node | undefined,
  path: string,
  reading: Reading,
): { origin: string; private: boolean } | undefined {
  const written = textOf(node)
  if (node === undefined || written === undefined) return undefined
  const text = substitute(written, node.at, reading.environment, reading.substitutions, reading.faults)
  return text === undefined ? undefined : judged(text, node, path, reading)
}

function readAdded(section: Node | undefined, path: string, reading: Reading): Readonly<Record<string, string>> {
  const { declared, faults } = reading
  return Object.fromEntries(
    entriesOf(section).map(({ key, keyAt, value }) => {
      refuseFraming(key, keyAt, path, reading)
      const template = textOf(value) ?? ''
      refuseSubstitution(template, value.at, `${path}.${key}`, faults)
      for (const [, name = ''] of template.matchAll(/\{([^{}]*)\}/g))
        resolve(name, value.at, 'secret', declared.secrets, faults)
      const plain = template.replaceAll(/\{[^{}]*\}/g, '')
      const secret = looksSecret(plain)
      if (secret !== undefined) {
        faults.add(
          'manifest.secret_in_text',
          value.at,
          `${path}.${key} holds what looks like ${secret}.`,
          'declare it under secrets: and write {its-name} here',
        )
      } else if (/[{}]/.test(plain) || !/^[\t\x20-\x7e]*$/.test(plain)) {
        faults.add(
          'manifest.wrong_type',
          value.at,
          `${path}.${key} must be plain text with {secret} in it.`,
          '"Bearer {api-key}"',
        )
      }
      return [key.toLowerCase(), template]
    }),
  )
}

function refuseFraming(header: string, at: Node['at'], path: string, { faults }: Reading): void {
  if (!framingHeaders.includes(header.toLowerCase())) return
  faults.add('manifest.unsupported', at, `${path}: "${header}" frames the message and belongs to the door itself.`)
}

function readOperations(section: Node | undefined, path: string, { faults }: Reading): readonly DoorOperation[] {
  const operations: DoorOperation[] = []
  for (const { key, keyAt, value } of entriesOf(section)) {
    const [method = '', pathText = ''] = (textOf(value) ?? '').split(' ')
    const template = parsePathTemplate(pathText)
    if (template === undefined) {
      // The grammar has reported every other form; this one has dot segments or one name twice.
      if (pathText.startsWith('/'))
        faults.add(
          'manifest.wrong_type',
          value.at,
          `${path}.${key}: "${pathText}" has dot segments, or one name twice.`,
        )
      continue
    }
    const twin = operations.find((one) => {
      const other = parsePathTemplate(one.path)
      return one.method === method && other !== undefined && sameShape(other, template)
    })
    if (twin !== undefined) {
      faults.add(
        'manifest.ambiguous_route',
        keyAt,
        `${path}.${key} and ${path}.${twin.name} answer the same requests.`,
        'keep one of the two',
      )
    }
    operations.push({ name: key, method, path: pathText, at: keyAt })
  }
  return operations
}

/** `secrets:` */
export function readSecrets(section: Node | undefined): readonly SecretDeclaration[] {
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const rotateMs = parseDurationMs(textOf(child(value, 'rotate')) ?? '')
    return { name: key, ...(rotateMs === undefined ? {} : { rotateMs }), at: keyAt }
  })
}

/** `tables:`; the account that AWS's documentation uses stands in until one is written down. */
export function readTables(section: Node | undefined, reading: Reading): readonly Table[] {
  const tables = entriesOf(section).map(({ key, keyAt, value }): Table => {
    const keyNode = child(value, 'key')
    const listed = textsOf(keyNode)
    if (listed.length > 2) {
      reading.faults.add(
        'manifest.wrong_type',
        keyNode?.at ?? keyAt,
        `tables.${key}.key has at most a partition key and a sort key.`,
      )
    }
    const [partitionKey = '', sortKey] =
      keyNode?.kind === 'list' ? listed.map(({ text }) => text) : [textOf(keyNode) ?? '']
    const dynamodb = textOf(child(value, 'dynamodb')) ?? ''
    const region = textOf(child(value, 'region')) ?? 'us-east-1'
    const account = textOf(child(value, 'account')) ?? '123456789012'
    const endpoint = readUpstream(child(value, 'endpoint'), `tables.${key}.endpoint`, reading)?.origin
    return {
      name: key,
      dynamodb,
      region,
      account,
      arn: `arn:aws:dynamodb:${region}:${account}:table/${dynamodb}`,
      partitionKey,
      ...(sortKey === undefined ? {} : { sortKey }),
      ...(endpoint === undefined ? {} : { endpoint }),
      at: keyAt,
    }
  })
  for (const [index, table] of tables.entries()) {
    const other = tables.slice(0, index).find((one) => one.arn === table.arn)
    if (other === undefined) continue
    reading.faults.add(
      'manifest.duplicate_name',
      table.at,
      `tables.${table.name} and tables.${other.name} are one table.`,
      'declare it once',
    )
  }
  return tables
}
