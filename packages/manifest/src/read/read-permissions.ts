import type { Permission } from '../app.ts'
import { tableVerbs } from '../source/grammar.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../source/node.ts'
import { resolve, type Reading } from './reading.ts'

/** `can:` of one function: what is named under it must exist, and must offer what is asked of it. */
export function readPermissions(
  functionName: string,
  section: Node | undefined,
  reading: Reading,
): readonly Permission[] {
  const { declared, faults } = reading
  return entriesOf(section).flatMap((entry): readonly Permission[] => {
    const { key, keyAt } = entry
    const doorOperations = declared.doors.get(key)
    const offered = declared.functions.get(key)
    if (doorOperations !== undefined) return readOperations('door', functionName, entry, doorOperations, reading)
    if (offered !== undefined) return readOperations('function', functionName, entry, offered, reading)
    if (declared.tables.has(key)) return readTable(functionName, entry, reading)
    resolve(
      key,
      keyAt,
      'function, door or table',
      [...declared.functions.keys(), ...declared.doors.keys(), ...declared.tables],
      faults,
    )
    return []
  })
}

function readOperations(
  kind: 'door' | 'function',
  functionName: string,
  { key, value }: Entry,
  known: ReadonlySet<string>,
  { faults }: Reading,
): readonly Permission[] {
  if (value.kind === 'map') {
    faults.add(
      'manifest.wrong_type',
      value.at,
      `functions.${functionName}.can.${key} must be a list of operations.`,
      `${key}: [${[...known].join(', ')}]`,
    )
    return []
  }
  const wanted = kind === 'door' ? `operation of the door ${key}` : `operation offered by ${key}`
  return textsOf(value).flatMap(({ text, at }) =>
    resolve(text, at, wanted, known, faults) ? [{ kind, target: key, operation: text, at }] : [],
  )
}

function readTable(functionName: string, { key, value }: Entry, reading: Reading): readonly Permission[] {
  if (value.kind === 'list') {
    return textsOf(value).flatMap(({ text, at }) =>
      resolve(text, at, 'table verb', Object.keys(tableVerbs), reading.faults)
        ? [{ kind: 'table', target: key, verb: text, rows: 'any', exceptRoles: [], columns: [], at }]
        : [],
    )
  }
  return entriesOf(value).map((verb) =>
    readTableVerb(`functions.${functionName}.can.${key}.${verb.key}`, key, verb, reading),
  )
}

function readTableVerb(
  path: string,
  target: string,
  { key: verb, keyAt, value }: Entry,
  { declared, faults }: Reading,
): Permission {
  const rows = (textOf(value) ?? textOf(child(value, 'rows'))) === 'any' ? 'any' : 'own'
  const except = textsOf(child(value, 'except'))
  for (const { text, at } of except) resolve(text, at, 'role', declared.roles, faults)
  const columns = child(value, 'columns')
  if (verb === 'scan' && rows === 'own') {
    faults.add(
      'manifest.unsupported',
      keyAt,
      `${path}: a scan reads every row, so it cannot keep to the user's own.`,
      'query: own',
    )
  }
  if (columns !== undefined && verb !== 'update') {
    faults.add('manifest.unsupported', columns.at, `${path}: columns go with update only.`)
  }
  if (except.length > 0 && rows === 'any') {
    faults.add('manifest.unsupported', keyAt, `${path}: "except" means something only where rows is own.`)
  }
  return {
    kind: 'table',
    target,
    verb,
    rows,
    exceptRoles: except.map(({ text }) => text),
    columns: textsOf(columns).map(({ text }) => text),
    at: keyAt,
  }
}
