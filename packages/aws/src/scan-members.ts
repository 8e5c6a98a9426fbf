import { isItem, keyText } from './attribute-value.ts'
import { type AttributeNames, type Expression, parseExpression } from './expression.ts'
import { isObject, type JsonObject, stringList } from '@sallyport/core/json'
import type { Members } from './operations.ts'
import type { KnownTable } from './table-name.ts'

/** What one request, or one entry of a batch, touches. */
export interface Touched {
  readonly attributes: ReadonlySet<string>
  /** Partition key values it is bound to; undefined when it is bound to none. */
  readonly leadingKeys: readonly string[] | undefined
  readonly index?: string
  readonly select?: string
  readonly returnValues?: string
}

const selections = new Set(['ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES', 'SPECIFIC_ATTRIBUTES', 'COUNT'])
const returns = new Set(['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'])

/**
 * Reads the members of one request against its table of members. A string is the fault: an unknown member, or one
 * that cannot be read. Nothing is skipped: what this does not understand it refuses.
 */
export function scanMembers(
  input: JsonObject,
  members: Members,
  partitionKey: string,
  indexes: KnownTable['indexes'] = [],
): Touched | string {
  const attributes = new Set<string>()
  const leading: string[] = []
  const names = input['ExpressionAttributeNames'] ?? {}
  if (!isNames(names)) return 'ExpressionAttributeNames cannot be read'
  const values = input['ExpressionAttributeValues'] ?? {}
  let index: string | undefined
  let select: string | undefined
  let returned: string | undefined
  let projected = false

  const expression = (kind: 'condition' | 'projection' | 'update', value: unknown): Expression | undefined => {
    const read = typeof value === 'string' ? parseExpression(kind, value, names) : undefined
    for (const name of read?.attributes ?? []) attributes.add(name)
    return read
  }
  const leadBy = (value: unknown): boolean => {
    const text = keyText(value)
    if (text !== undefined) leading.push(text)
    return text !== undefined
  }

  const isKeyedAlike = (name: string | undefined): boolean =>
    name === undefined || indexes.some((one) => one.name === name && one.partitionKey === partitionKey)

  for (const [member, value] of Object.entries(input)) {
    const kind = Object.hasOwn(members, member) ? members[member] : undefined
    const fault = `${member} cannot be read`
    switch (kind) {
      case undefined:
        return `${member} is not a member known here`
      case 'table':
      case 'names':
        break
      case 'key':
      case 'item':
      case 'startKey':
        if (!isItem(value)) return fault
        for (const name of Object.keys(value)) attributes.add(name)
        if (kind !== 'startKey' && Object.hasOwn(value, partitionKey) && !leadBy(value[partitionKey])) return fault
        break
      case 'values':
        if (!isItem(value)) return fault
        break
      case 'condition':
      case 'update':
        if (!expression(kind, value)) return fault
        break
      case 'projection':
        projected = true
        if (!expression(kind, value)) return fault
        break
      case 'keyCondition': {
        const read = expression('condition', value)
        if (!read) return fault
        for (const pin of read.pinned.filter(({ attribute }) => attribute === partitionKey)) {
          if (!isObject(values) || !Object.hasOwn(values, pin.value) || !leadBy(values[pin.value])) return fault
        }
        break
      }
      case 'attributeList': {
        const list = stringList(value)
        if (!list) return fault
        projected = true
        for (const name of list) attributes.add(name)
        break
      }
      case 'attributeMap':
      case 'legacyKeyConditions': {
        if (!isObject(value)) return fault
        for (const name of Object.keys(value)) attributes.add(name)
        const condition = kind === 'legacyKeyConditions' ? value[partitionKey] : undefined
        if (condition === undefined) break
        if (!isObject(condition) || !Array.isArray(condition['AttributeValueList'])) return fault
        if (condition['ComparisonOperator'] === 'EQ' && !condition['AttributeValueList'].every(leadBy)) return fault
        break
      }
      case 'index':
        if (typeof value !== 'string' || !/^[A-Za-z0-9_.-]{3,255}$/.test(value)) return fault
        index = value
        break
      case 'select':
        if (typeof value !== 'string' || !selections.has(value)) return fault
        select = value
        break
      case 'returnValues':
        if (typeof value !== 'string' || !returns.has(value)) return fault
        // A failed condition that shows the old item shows as much as ReturnValues would.
        if (returned !== 'ALL_OLD') returned = value
        break
      case 'returnOld':
        if (value !== 'NONE' && value !== 'ALL_OLD') return fault
        if (value === 'ALL_OLD' && returned !== 'ALL_NEW') returned = value
        break
      case 'scalar':
        if (!['string', 'number', 'boolean'].includes(typeof value)) return fault
        break
      default:
        return kind satisfies never
    }
  }
  const reads = 'ProjectionExpression' in members
  const effective = select ?? (projected ? 'SPECIFIC_ATTRIBUTES' : 'ALL_ATTRIBUTES')
  return {
    attributes,
    // Another index has leading keys of its own: what they are called is nobody's row.
    leadingKeys: leading.length > 0 && isKeyedAlike(index) ? leading : undefined,
    ...(index === undefined ? {} : { index }),
    ...(reads ? { select: effective } : {}),
    ...(returned === undefined ? {} : { returnValues: returned }),
  }
}

function isNames(value: unknown): value is AttributeNames {
  return isObject(value) && Object.values(value).every((name) => typeof name === 'string')
}
