/** Rows under a key: a table, or one of its secondary indexes. */
export interface Keyed {
  readonly name: string
  readonly partitionKey: string
  readonly sortKey?: string
}
