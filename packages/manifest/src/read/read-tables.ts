import type { SecretDeclaration, Table } from '../app.ts'
import type { Position } from '../position.ts'
import { child, entriesOf, textOf, textsOf, type Node } from '../source/node.ts'
import { parseDurationMs } from '../source/units.ts'
import { readUpstream } from './upstream.ts'
import { resolve, type Reading } from './reading.ts'

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
    const own = readKey(child(value, 'key'), keyAt, `tables.${key}.key`, reading)
    const indexes = entriesOf(child(value, 'indexes')).map((entry) => ({
      name: entry.key,
      ...readKey(entry.value, entry.keyAt, `tables.${key}.indexes.${entry.key}`, reading),
    }))
    const keyed = [own, ...indexes].flatMap((one) => [one.partitionKey, one.sortKey ?? []].flat())
    const numbers = textsOf(child(value, 'numbers'))
    for (const { text, at } of numbers) resolve(text, at, 'key column', keyed, reading.faults)
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
      ...own,
      ...(indexes.length === 0 ? {} : { indexes }),
      ...(numbers.length === 0 ? {} : { numbers: numbers.map(({ text }) => text) }),
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

/** A column, or two in a list. */
function readKey(
  node: Node | undefined,
  at: Position,
  path: string,
  { faults }: Reading,
): { readonly partitionKey: string; readonly sortKey?: string } {
  const listed = textsOf(node).map(({ text }) => text)
  if (listed.length > 2)
    faults.add('manifest.wrong_type', node?.at ?? at, `${path} has at most a partition key and a sort key.`)
  const [partitionKey = '', sortKey] = node?.kind === 'list' ? listed : [textOf(node) ?? '']
  return { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }
}
