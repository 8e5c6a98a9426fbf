import type { SecretDeclaration, Table } from '../app.ts'
import { child, entriesOf, textOf, textsOf, type Node } from '../source/node.ts'
import { parseDurationMs } from '../source/units.ts'
import { readUpstream } from './upstream.ts'
import type { Reading } from './reading.ts'

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
