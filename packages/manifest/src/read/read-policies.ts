import { parsePolicy, type PolicyDocument } from '@sallyport/core/policy'

import type { AttachedPolicy } from '../app.ts'
import type { Position } from '../position.ts'
import { collectFaults } from '../source/faults.ts'
import { child, itemsOf, textsOf, type Node } from '../source/node.ts'
import { parseYaml } from '../source/parse-yaml.ts'
import type { NamedFile } from './files.ts'
import { engineOf } from './guest-file.ts'
import type { Reading } from './reading.ts'

/** The IAM documents that a list names; guests stand beside them. The engine refuses an Allow in a guardrail itself. */
export function readPolicies(
  list: Node | undefined,
  kind: 'identity' | 'guardrail',
  reading: Reading,
): readonly AttachedPolicy[] {
  return textsOf(list).flatMap(({ text, at }) => {
    if (engineOf(text) !== undefined) return []
    const file = reading.files.read(text, at, reading.faults)
    const policy = file === undefined ? undefined : readPolicy(file, kind, reading)
    return policy === undefined ? [] : [policy]
  })
}

function readPolicy(file: NamedFile, kind: 'identity' | 'guardrail', reading: Reading): AttachedPolicy | undefined {
  const parsed = parsePolicy(file.text, kind, file.name)
  if ('faults' in parsed) {
    for (const fault of parsed.faults) {
      reading.faults.report({
        file: file.name,
        line: Math.max(1, fault.line),
        column: Math.max(1, fault.column),
        code: fault.code,
        message: fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`,
        ...(fault.suggestion === undefined ? {} : { suggestion: fault.suggestion }),
        ...(fault.corrected === undefined ? {} : { corrected: fault.corrected }),
      })
    }
    return undefined
  }
  const statementsAt = placeStatements(file, parsed.document)
  let refused = false
  for (const [index, statement] of parsed.document.Statement.entries()) {
    const at = statementsAt[index] ?? { file: file.name, line: 1, column: 1 }
    if (statement.Effect !== 'Allow') continue
    const wide = tooWide(statement)
    if (wide === undefined) continue
    refused = true
    reading.faults.add('manifest.wildcard', at, `${file.name}: ${wide}.`, 'name each action and the resource')
  }
  return refused ? undefined : { name: file.name, document: parsed.document, digest: file.digest, statementsAt }
}

/** Why an Allow grants more than it names. A wildcard inside a resource's own path is a name for a family. */
function tooWide(statement: PolicyDocument['Statement'][number]): string | undefined {
  if (statement.NotAction !== undefined) return 'NotAction with Allow grants every action but those'
  if (statement.NotResource !== undefined) return 'NotResource with Allow grants every resource but those'
  const wildAction = listOf(statement.Action).find((action) => /[*?]/.test(action))
  if (wildAction !== undefined) return `Action "${wildAction}" holds a wildcard`
  const wildResource = listOf(statement.Resource).find(
    (resource) =>
      /[*?]/.test(resource.split(':').slice(0, 5).join(':')) || /^[*?]/.test(resource.split(':').slice(5).join(':')),
  )
  return wildResource === undefined ? undefined : `Resource "${wildResource}" stands for everything`
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

/** JSON is YAML too, so the positions come from the same reader. A single statement may stand without a list. */
function placeStatements(file: NamedFile, document: PolicyDocument): readonly Position[] {
  const start = { file: file.name, line: 1, column: 1 }
  const statements = child(parseYaml(file.name, file.text, collectFaults()), 'Statement')
  if (statements === undefined) return document.Statement.map(() => start)
  return statements.kind === 'list' ? itemsOf(statements).map(({ at }) => at) : [statements.at]
}
