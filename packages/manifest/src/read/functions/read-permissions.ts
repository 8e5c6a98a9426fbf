import type { Permission } from '../../app.ts'
import { tableVerbs } from '../../source/grammar.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../../source/node.ts'
import { resolve, type Reading } from '../reading.ts'

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
  { key: target, value }: Entry,
  known: ReadonlySet<string>,
  reading: Reading,
): readonly Permission[] {
  const { faults } = reading
  const wanted = kind === 'door' ? `operation of the door ${target}` : `operation offered by ${target}`
  if (value.kind !== 'map') {
    return textsOf(value).flatMap(({ text, at }) =>
      resolve(text, at, wanted, known, faults) ? [{ kind, target, operation: text, forRoles: [], at }] : [],
    )
  }
  return value.entries.flatMap((entry) =>
    resolve(entry.key, entry.keyAt, wanted, known, faults)
      ? [
          {
            kind,
            target,
            operation: entry.key,
            forRoles: readForRoles(`functions.${functionName}.can.${target}`, entry, reading),
            at: entry.keyAt,
          },
        ]
      : [],
  )
}

/** `any`, or `{ for: [roles] }`. What a table would take is refused, for it would be read as a restraint. */
function readForRoles(path: string, { key, value }: Entry, { declared, faults }: Reading): readonly string[] {
  const roles = textsOf(child(value, 'for'))
  for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
  if (textOf(value) === 'own' || child(value, 'rows') !== undefined) {
    faults.add('manifest.unsupported', value.at, `${path}.${key}: only a table has rows.`, `${key}: any`)
  }
  return roles.map(({ text }) => text)
}

function readTable(functionName: string, { key, value }: Entry, reading: Reading): readonly Permission[] {
  if (value.kind === 'list') {
    return textsOf(value).flatMap(({ text, at }) =>
      resolve(text, at, 'table verb', Object.keys(tableVerbs), reading.faults)
        ? [{ kind: 'table', target: key, verb: text, rows: 'any', exceptRoles: [], columns: [], at }]
        : [],
    )
  }
  return entriesOf(value).flatMap((verb) =>
    resolve(verb.key, verb.keyAt, 'table verb', Object.keys(tableVerbs), reading.faults)
      ? [readTableVerb(`functions.${functionName}.can.${key}.${verb.key}`, key, verb, reading)]
      : [],
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
  const people = child(value, 'for')
  if (people !== undefined) {
    const roles = textsOf(people).map(({ text }) => text)
    faults.add(
      'manifest.unsupported',
      people.at,
      `${path}: "for" goes with operations; of a table's rows one says whose they are.`,
      `${verb}: { rows: own, except: [${roles.join(', ')}] }`,
    )
  }
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
