import { writeFileSync } from 'node:fs'

import { manifestJsonSchema } from './json-schema.ts'

// Run after a change of the grammar: node -C source packages/manifest/src/source/write-json-schema.ts
writeFileSync(
  new URL('../../sallyport.schema.json', import.meta.url),
  `${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`,
)
