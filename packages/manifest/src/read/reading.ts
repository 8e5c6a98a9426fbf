import type { Position } from '../position.ts'
import type { Faults } from '../source/faults.ts'
import { entriesOf, child, itemsOf, textOf, type Node } from '../source/node.ts'
import { didYouMean } from '../source/suggest.ts'
import type { AppFiles } from './files.ts'
import type { Substitutions } from './substitute.ts'

/** Names that mean something by themselves. */
export const reservedNames: readonly string[] = [
  'internet',
  'anyone',
  'anonymous',
  'mfa',
  'device',
  'jit',
  'own',
  'any',
]

/** Everything that bears a name, known before any reference is read, so that each is resolved where it stands. */
export interface Declared {
  readonly app: string
  readonly roles: ReadonlySet<string>
  readonly zones: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
  readonly tables: ReadonlySet<string>
  /** Trust domains besides the app's own. */
  readonly trust: ReadonlySet<string>
  /** Door → operations. */
  readonly doors: ReadonlyMap<string, ReadonlySet<string>>
  /** Function → operations offered. */
  readonly functions: ReadonlyMap<string, ReadonlySet<string>>
}

/** What every reader is handed. */
export interface Reading {
  readonly declared: Declared
  readonly faults: Faults
  readonly files: AppFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly substitutions: Substitutions
}

/** Collects the names, and reports names that two things share. */
export function declare(root: Node, faults: Faults): Declared {
  const keysOf = (section: string): string[] => entriesOf(child(root, section)).map((entry) => entry.key)
  const operationsOf = (section: string, names: (value: Node) => string[]): Map<string, Set<string>> =>
    new Map(entriesOf(child(root, section)).map((entry) => [entry.key, new Set(names(entry.value))]))
  const owners = new Map<string, string>()
  for (const section of ['people', 'zones', 'doors', 'tables', 'functions']) {
    for (const { key, keyAt } of entriesOf(child(root, section))) {
      const owner = owners.get(key)
      if (reservedNames.includes(key)) {
        faults.add('manifest.duplicate_name', keyAt, `"${key}" means something by itself.`, 'choose another name')
      } else if (owner !== undefined) {
        faults.add(
          'manifest.duplicate_name',
          keyAt,
          `"${key}" stands under ${owner} and under ${section}.`,
          'give one of them another name',
        )
      }
      owners.set(key, section)
    }
  }
  return {
    app: textOf(child(root, 'app')) ?? '',
    roles: new Set(keysOf('people')),
    zones: new Set(keysOf('zones')),
    secrets: new Set(keysOf('secrets')),
    tables: new Set(keysOf('tables')),
    trust: new Set(keysOf('trust')),
    doors: operationsOf('doors', (door) =>
      isTunnel(door) ? ['connect'] : entriesOf(child(door, 'ops')).map((entry) => entry.key),
    ),
    functions: operationsOf('functions', (one) => itemsOf(child(one, 'offers')).flatMap((item) => textOf(item) ?? [])),
  }
}

/** Doors that are decided when they connect: they have no operations of their own. */
export function isTunnel(door: Node): boolean {
  const opaque = child(door, 'opaque')
  return (opaque?.kind === 'flag' && opaque.value) || /^(?:tcp|postgres):/.test(textOf(child(door, 'to')) ?? '')
}

/** True when `name` is known; otherwise one fault that names the nearest. */
export function resolve(name: string, at: Position, what: string, known: Iterable<string>, faults: Faults): boolean {
  const names = [...known]
  if (names.includes(name)) return true
  // Reported as a wildcard already, by the grammar.
  if (name.includes('*')) return false
  const listed = names.length === 0 ? 'there are none yet' : `known: ${names.join(', ')}`
  faults.add('manifest.unresolved_name', at, `There is no ${what} "${name}".`, didYouMean(name, names) ?? listed)
  return false
}
