import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Which files of a house lead to which: by an import, or by a path that they name beside themselves. */
export type Importers = ReadonlyMap<string, readonly string[]>

/** Reads the importers of every file under `packages` and `examples`. Paths are relative to the house. */
export function readImporters(house: string): Importers {
  const rooms = roomsOf(house)
  const importers = new Map<string, string[]>()
  for (const file of globSync(['packages/*/src/**', 'examples/**'], { cwd: house }).filter(isCode)) {
    // Whatever is quoted and leads to a file leads there: an import, a worker; and a folder, to all that is in it.
    for (const [, quoted = ''] of readFileSync(join(house, file), 'utf8').matchAll(/['"`]([^'"`\n]+)['"`]/g)) {
      const target = rooms.get(quoted) ?? normalize(join(dirname(file), quoted))
      for (const path of /^\.\.?\/.*\/$/.test(quoted) ? filesIn(house, target) : [target]) {
        if (!isCode(path) || !existsSync(join(house, path))) continue
        importers.set(path, [...(importers.get(path) ?? []), file])
      }
    }
  }
  return importers
}

/** Every file on a way from one of these tests to one of these files, over however many steps; both ends included. */
export function between(tests: readonly string[], files: readonly string[], importers: Importers): ReadonlySet<string> {
  const leading = leadingTo(files, importers)
  return leadingTo(tests, reversed(importers)).intersection(leading)
}

function leadingTo(files: readonly string[], importers: Importers): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...files]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue
    found.add(file)
    open.push(...(importers.get(file) ?? []))
  }
  return found
}

function reversed(importers: Importers): Importers {
  const imports = new Map<string, string[]>()
  for (const [file, found] of importers) {
    for (const importer of found) imports.set(importer, [...(imports.get(importer) ?? []), file])
  }
  return imports
}

/** `@sallyport/core/policy` → `packages/core/src/policy/index.ts`, as the packages themselves say. */
function roomsOf(house: string): ReadonlyMap<string, string> {
  return new Map(
    globSync('packages/*/package.json', { cwd: house }).flatMap((path) => {
      const { name, exports }: { name: string; exports: Readonly<Record<string, { source?: string }>> } = JSON.parse(
        readFileSync(join(house, path), 'utf8'),
      )
      return Object.entries(exports).flatMap(([entry, { source }]) =>
        source === undefined ? [] : [[normalize(join(name, entry)), normalize(join(dirname(path), source))] as const],
      )
    }),
  )
}

/** What stands in a folder that a file names with a slash at its end: modules that a box is given. */
function filesIn(house: string, folder: string): readonly string[] {
  return existsSync(join(house, folder)) ? readdirSync(join(house, folder)).map((name) => join(folder, name)) : []
}

function isCode(path: string): boolean {
  return /\.(ts|mjs|cjs|js|py|sh)$/.test(path) && !path.endsWith('.d.ts')
}
