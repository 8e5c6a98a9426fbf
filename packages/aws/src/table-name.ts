/** What the broker knows of one declared table. */
export interface KnownTable {
  /** The DynamoDB table name. */
  readonly dynamodb: string
  readonly region: string
  readonly account: string
  readonly arn: string
  readonly partitionKey: string
  readonly sortKey?: string
  readonly indexes?: readonly { readonly name: string; readonly partitionKey: string }[]
}

/**
 * The declared table that a `TableName` stands for: its name, or its whole ARN. An ARN of another partition,
 * region or account is another table, even under the same name, and so is none of ours.
 */
export function findTable<T extends KnownTable>(tables: readonly T[], given: string): T | undefined {
  return tables.find((table) => table.dynamodb === given || table.arn === given)
}
