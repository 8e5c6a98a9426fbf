import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { readRecords } from '@sallyport/cli'

// A process of its own: what the driver remembers of a request counts for nothing, only what was written down does.
// Prints the ledger's records and the functions' output, one JSON per line.
const [folder = '.'] = process.argv.slice(2)
for (const record of readRecords(folder)) console.log(JSON.stringify({ record }))
for (const line of readFileSync(join(folder, '.sallyport/logs/output.ndjson'), 'utf8').split('\n')) {
  if (line !== '') console.log(`{"output":${line}}`)
}
