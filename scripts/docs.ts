// Writes the documents that are made from the code; with --check it only says which are out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { catalogueData } from './docs/catalogue.ts'
import { commandsDocument } from './docs/commands.ts'
import { contextKeysDocument } from './docs/context-keys.ts'
import { errorsDocument } from './docs/errors.ts'
import { policyDocument } from './docs/policy.ts'
import { top } from './run.ts'

const documents: Readonly<Record<string, () => string>> = {
  'docs/cli.md': commandsDocument,
  'docs/errors.md': errorsDocument,
  'docs/context-keys.md': contextKeysDocument,
  'docs/policy.md': policyDocument,
  'packages/aws/src/catalogue.json': catalogueData,
}

const checkOnly = process.argv.includes('--check')
for (const [path, make] of Object.entries(documents)) {
  const text = make()
  if (text === current(path)) continue
  if (checkOnly) {
    process.stderr.write(`${path} is out of date. Run: node -C source scripts/docs.ts\n`)
    process.exitCode = 1
  } else {
    writeFileSync(join(top, path), text)
    process.stdout.write(`wrote ${path}\n`)
  }
}

function current(path: string): string | undefined {
  try {
    return readFileSync(join(top, path), 'utf8')
  } catch {
    return undefined // not written yet
  }
}
