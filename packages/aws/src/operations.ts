/** How the broker reads one member of a request. */
export type MemberKind =
  | 'table'
  | 'key'
  | 'item'
  /** Where a page begins: attributes are named, but no row is chosen by it. */
  | 'startKey'
  | 'index'
  | 'names'
  | 'values'
  | 'condition'
  | 'keyCondition'
  | 'projection'
  | 'update'
  /** An array of attribute names, of the interface before expressions. */
  | 'attributeList'
  /** An object whose names are attribute names, of the interface before expressions. */
  | 'attributeMap'
  | 'legacyKeyConditions'
  | 'select'
  | 'returnValues'
  | 'returnOld'
  /** Says nothing of what is touched; forwarded when it is a string, number or boolean. */
  | 'scalar'

/**
 * Every member that a request of one operation may have, with how it is read. A member that is not listed is refused:
 * it might reach a table or a column that nobody was asked about.
 */
export type Members = Readonly<Record<string, MemberKind>>

const capacity: Members = { ReturnConsumedCapacity: 'scalar' }
const metrics: Members = { ReturnItemCollectionMetrics: 'scalar' }
const naming: Members = { ExpressionAttributeNames: 'names' }
const valued: Members = { ...naming, ExpressionAttributeValues: 'values' }
const legacyGuard: Members = { Expected: 'attributeMap', ConditionalOperator: 'scalar' }
const guard: Members = {
  ...valued,
  ConditionExpression: 'condition',
  ReturnValuesOnConditionCheckFailure: 'returnOld',
}
const written: Members = { ...guard, ...legacyGuard, ...capacity, ...metrics, ReturnValues: 'returnValues' }
const listed: Members = {
  TableName: 'table',
  IndexName: 'index',
  ...valued,
  ...capacity,
  AttributesToGet: 'attributeList',
  ConditionalOperator: 'scalar',
  ConsistentRead: 'scalar',
  ExclusiveStartKey: 'startKey',
  FilterExpression: 'condition',
  Limit: 'scalar',
  ProjectionExpression: 'projection',
  Select: 'select',
}
const fetched: Members = { ...naming, ProjectionExpression: 'projection' }

/**
 * Operations on one table: every member they may have. Amazon DynamoDB API Reference, version 2012-08-10.
 * What is not in here is refused, so a member that AWS adds later grants nothing.
 */
export const singleOperations: Readonly<Record<string, Members>> = {
  GetItem: {
    TableName: 'table',
    Key: 'key',
    ...fetched,
    ...capacity,
    AttributesToGet: 'attributeList',
    ConsistentRead: 'scalar',
  },
  PutItem: { TableName: 'table', Item: 'item', ...written },
  UpdateItem: {
    TableName: 'table',
    Key: 'key',
    ...written,
    UpdateExpression: 'update',
    AttributeUpdates: 'attributeMap',
  },
  DeleteItem: { TableName: 'table', Key: 'key', ...written },
  Query: {
    ...listed,
    KeyConditionExpression: 'keyCondition',
    KeyConditions: 'legacyKeyConditions',
    QueryFilter: 'attributeMap',
    ScanIndexForward: 'scalar',
  },
  Scan: { ...listed, ScanFilter: 'attributeMap', Segment: 'scalar', TotalSegments: 'scalar' },
}

/** What one entry of a batch or transaction may have. */
export const entryMembers: Readonly<Record<string, Members>> = {
  BatchGetItem: { ...fetched, AttributesToGet: 'attributeList', ConsistentRead: 'scalar' },
  Get: { TableName: 'table', Key: 'key', ...fetched },
  Put: { TableName: 'table', Item: 'item', ...guard },
  Delete: { TableName: 'table', Key: 'key', ...guard },
  Update: { TableName: 'table', Key: 'key', ...guard, UpdateExpression: 'update' },
  ConditionCheck: { TableName: 'table', Key: 'key', ...guard },
}

/** Entry of a transaction → the IAM action that it needs. */
export const transactionActions: Readonly<Record<string, string>> = {
  Get: 'dynamodb:GetItem',
  Put: 'dynamodb:PutItem',
  Delete: 'dynamodb:DeleteItem',
  Update: 'dynamodb:UpdateItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
}

/** Members beside the list of entries. */
export const batchMembers: Readonly<Record<string, Members>> = {
  BatchGetItem: capacity,
  BatchWriteItem: { ...capacity, ...metrics },
  TransactGetItems: capacity,
  TransactWriteItems: { ...capacity, ...metrics, ClientRequestToken: 'scalar' },
}

/** Operations that change nothing, so that their record need not survive loss of power. */
export const readOperations: ReadonlySet<string> = new Set([
  'GetItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'TransactGetItems',
])
