import type { Context, ContextValue } from '@sallyport/core/access'

import { isObject, type JsonObject, maxJsonValues, parseStrictObject } from '@sallyport/core/json'
import { batchMembers, entryMembers, readOperations, singleOperations, transactionActions } from './operations.ts'
import { scanMembers, type Touched } from './scan-members.ts'
import { findTable, type KnownTable } from './table-name.ts'

/** A DynamoDB request as it came: the value of `X-Amz-Target`, and the body. */
export interface DynamoDbRequest {
  readonly target: string
  readonly body: Uint8Array
}

/** One action on one resource, with the facts that only the request itself can give. */
export interface Ask {
  readonly action: string
  readonly resource: string
  readonly context: Context
}

/**
 * What a call was found to be: everything that must be allowed and the bytes to forward, or the error to answer with
 * in AWS's own words. A call that is not wholly understood is never `ok`.
 */
export type Described<T extends KnownTable = KnownTable> =
  | {
      readonly ok: true
      readonly operation: string
      /** All of them must be allowed. */
      readonly asks: readonly [Ask, ...Ask[]]
      /** The tables it touches, each once. */
      readonly tables: readonly [T, ...T[]]
      /** What to forward: this reading, serialised afresh; never the bytes that came. */
      readonly canonicalBody: Uint8Array
      /** True when the operation changes nothing. */
      readonly readOnly: boolean
    }
  | { readonly ok: false; readonly awsError: AwsRefusal }

/** Why a request was not described. `type` is AWS's name for it, `code` ours. */
export interface AwsRefusal {
  readonly code: 'aws.unknown_operation' | 'aws.malformed' | 'aws.unknown_table'
  readonly type:
    | 'UnknownOperationException'
    | 'SerializationException'
    | 'ValidationException'
    | 'ResourceNotFoundException'
  readonly message: string
}

const targetForm = /^DynamoDB_20120810\.([A-Za-z]{1,40})$/
const maxEntries = 100

/**
 * What a DynamoDB request would do, as actions on resources with condition keys (Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon DynamoDB"). Adversary: the function's own code, which wants
 * the decision to be about another request than the one that is forwarded.
 * `dynamodb:Select` is the effective one, also where the request names none; the rest is present when given.
 */
export function describeDynamoDb<T extends KnownTable>(request: DynamoDbRequest, tables: readonly T[]): Described<T> {
  const operation = targetForm.exec(request.target)?.[1] ?? ''
  const single = Object.hasOwn(singleOperations, operation) ? singleOperations[operation] : undefined
  if (!single && !Object.hasOwn(batchMembers, operation)) {
    return refuse(
      'aws.unknown_operation',
      'UnknownOperationException',
      `${request.target} is not an operation known here`,
    )
  }
  const input = parseStrictObject(request.body)
  if (!input)
    return refuse(
      'aws.malformed',
      'SerializationException',
      `the body is not one unambiguous JSON object of at most ${maxJsonValues} values`,
    )
  try {
    const draft: Draft<T> = { operation, asks: [], tables: new Set() }
    const body = single
      ? one(draft, input, single, `dynamodb:${operation}`, tables)
      : operation.startsWith('Batch')
        ? batch(draft, input, tables)
        : transaction(draft, input, tables)
    const [ask, ...asks] = draft.asks
    const [table, ...others] = draft.tables
    if (!ask || !table) throw new Refusal('aws.malformed', 'ValidationException', `${operation} names nothing`)
    return {
      ok: true,
      operation,
      asks: [ask, ...asks],
      tables: [table, ...others],
      canonicalBody: new TextEncoder().encode(JSON.stringify(body)),
      readOnly: readOperations.has(operation),
    }
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.code, error.type, error.message)
    throw error
  }
}

interface Draft<T> {
  readonly operation: string
  readonly asks: Ask[]
  readonly tables: Set<T>
}

/** Carries a refusal out of the nested readers of this file; never leaves it. */
class Refusal extends Error {
  readonly code: AwsRefusal['code']
  readonly type: AwsRefusal['type']

  constructor(code: AwsRefusal['code'], type: AwsRefusal['type'], message: string) {
    super(message)
    this.code = code
    this.type = type
  }
}

function refuse(
  code: AwsRefusal['code'],
  type: AwsRefusal['type'],
  message: string,
): { ok: false; awsError: AwsRefusal } {
  return { ok: false, awsError: { code, type, message } }
}

function malformed(message: string): Refusal {
  return new Refusal('aws.malformed', 'ValidationException', message)
}

function tableOf<T extends KnownTable>(draft: Draft<T>, given: unknown, tables: readonly T[]): T {
  const table = typeof given === 'string' ? findTable(tables, given) : undefined
  if (!table) {
    const name = typeof given === 'string' ? given.slice(0, 255) : 'no table'
    throw new Refusal('aws.unknown_table', 'ResourceNotFoundException', `${name} is not declared under tables`)
  }
  draft.tables.add(table)
  return table
}

function scan(input: JsonObject, members: Parameters<typeof scanMembers>[1], table: KnownTable): Touched {
  const touched = scanMembers(input, members, table.partitionKey, table.indexes)
  if (typeof touched === 'string') throw malformed(touched)
  return touched
}

function one<T extends KnownTable>(
  draft: Draft<T>,
  input: JsonObject,
  members: Parameters<typeof scanMembers>[1],
  action: string,
  tables: readonly T[],
): JsonObject {
  const table = tableOf(draft, input['TableName'], tables)
  const touched = scan(input, members, table)
  draft.asks.push(askFor(action, table, [touched], draft.operation))
  return { ...input, TableName: table.dynamodb }
}

function batch<T extends KnownTable>(draft: Draft<T>, input: JsonObject, tables: readonly T[]): JsonObject {
  const { RequestItems: items, ...rest } = input
  checkRest(draft.operation, rest)
  if (!isObject(items)) throw malformed('RequestItems cannot be read')
  const forwarded: Record<string, unknown> = {}
  let count = 0
  for (const [given, entry] of Object.entries(items)) {
    const table = tableOf(draft, given, tables)
    if (Object.hasOwn(forwarded, table.dynamodb)) throw malformed(`${table.dynamodb} stands twice in RequestItems`)
    const touched = draft.operation === 'BatchGetItem' ? fetched(entry, table) : writes(entry, table)
    count += touched.length
    if (touched.length === 0 || count > maxEntries) throw malformed('a batch holds 1 to 100 entries')
    draft.asks.push(askFor(`dynamodb:${draft.operation}`, table, touched, undefined))
    forwarded[table.dynamodb] = entry
  }
  return { ...rest, RequestItems: forwarded }
}

function fetched(entry: unknown, table: KnownTable): readonly Touched[] {
  const { Keys: keys, ...rest } = isObject(entry) ? entry : {}
  if (!Array.isArray(keys)) throw malformed('Keys cannot be read')
  const shared = scan(rest, entryMembers['BatchGetItem'] ?? {}, table)
  const each = keys.map((key: unknown) => scan({ Key: key }, { Key: 'key' }, table))
  return each.map((touched) => ({
    ...shared,
    ...touched,
    attributes: new Set([...touched.attributes, ...shared.attributes]),
  }))
}

function writes(entry: unknown, table: KnownTable): readonly Touched[] {
  if (!Array.isArray(entry)) throw malformed('a list of write requests is needed')
  return entry.map((write: unknown) => {
    const [request, ...more] = isObject(write) ? Object.entries(write) : []
    const body: unknown = request?.[1]
    if (!request || more.length > 0 || !isObject(body)) throw malformed('a write request cannot be read')
    if (request[0] === 'PutRequest') return scan(body, { Item: 'item' }, table)
    if (request[0] === 'DeleteRequest') return scan(body, { Key: 'key' }, table)
    throw malformed(`${request[0]} is not a write request known here`)
  })
}

function transaction<T extends KnownTable>(draft: Draft<T>, input: JsonObject, tables: readonly T[]): JsonObject {
  const { TransactItems: items, ...rest } = input
  checkRest(draft.operation, rest)
  if (!Array.isArray(items) || items.length > maxEntries) {
    throw malformed('TransactItems holds 1 to 100 entries')
  }
  const forwarded = items.map((item: unknown) => {
    const [entry, ...more] = isObject(item) ? Object.entries(item) : []
    const [name = '', body] = entry ?? []
    const fits = draft.operation === 'TransactGetItems' ? name === 'Get' : name !== 'Get'
    const action = Object.hasOwn(transactionActions, name) ? transactionActions[name] : undefined
    if (!action || !fits || more.length > 0 || !isObject(body))
      throw malformed('an entry of TransactItems cannot be read')
    return { [name]: one(draft, body, entryMembers[name] ?? {}, action, tables) }
  })
  return { ...rest, TransactItems: forwarded }
}

function checkRest(operation: string, rest: JsonObject): void {
  const fault = scanMembers(rest, batchMembers[operation] ?? {}, '')
  if (typeof fault === 'string') throw malformed(fault)
}

function askFor(action: string, table: KnownTable, touched: readonly Touched[], operation: string | undefined): Ask {
  const context: Record<string, ContextValue> = {
    'dynamodb:Attributes': [...new Set(touched.flatMap((each) => [...each.attributes]))],
  }
  // One entry that is bound to no key makes the whole request bound to none.
  if (touched.every((each) => each.leadingKeys)) {
    context['dynamodb:LeadingKeys'] = [...new Set(touched.flatMap((each) => each.leadingKeys ?? []))]
  }
  const [first] = touched
  if (first?.select !== undefined) context['dynamodb:Select'] = first.select
  if (first?.returnValues !== undefined) context['dynamodb:ReturnValues'] = first.returnValues
  if (operation?.startsWith('Transact') === true) context['dynamodb:EnclosingOperation'] = operation
  return { action, resource: first?.index === undefined ? table.arn : `${table.arn}/index/${first.index}`, context }
}
