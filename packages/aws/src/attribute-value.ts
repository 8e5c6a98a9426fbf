import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  S: (value) => typeof value === 'string',
  N: (value) => typeof value === 'string',
  B: (value) => typeof value === 'string',
  BOOL: (value) => typeof value === 'boolean',
  NULL: (value) => value === true,
  SS: (value) => stringList(value) !== undefined,
  NS: (value) => stringList(value) !== undefined,
  BS: (value) => stringList(value) !== undefined,
  L: (value) => Array.isArray(value) && value.every(isAttributeValue),
  M: isItem,
}

/** True for `{ S: '…' }` and its kin: exactly one known type, its value of that type, all the way down. */
export function isAttributeValue(value: unknown): boolean {
  if (!isObject(value)) return false
  const [entry, ...more] = Object.entries(value)
  const check = entry && Object.hasOwn(checks, entry[0]) ? checks[entry[0]] : undefined
  return more.length === 0 && check !== undefined && entry !== undefined && check(entry[1])
}

/** True for an object of attribute values: an item, a key, or ExpressionAttributeValues. */
export function isItem(value: unknown): value is JsonObject {
  return isObject(value) && Object.values(value).every(isAttributeValue)
}

/** The text of a key value, whichever of S, N and B it is; undefined for the types that cannot be keys. */
export function keyText(value: unknown): string | undefined {
  if (!isObject(value)) return undefined
  const text = value['S'] ?? value['N'] ?? value['B']
  return typeof text === 'string' ? text : undefined
}
