import { mustLoad } from '../../../../manifest/src/testing/example.ts'
import { type EmbeddedTables, openTables } from '../aws/dynamodb.ts'

/** The example's tables; in memory without a path. What goes wrong with them is told to `failures`. */
export function openExampleTables(path?: string, failures: unknown[] = []): Promise<EmbeddedTables> {
  return openTables({
    ...(path === undefined ? {} : { path }),
    tables: mustLoad().app.tables,
    onFailure: (cause) => failures.push(cause),
  })
}
