import { basename } from 'node:path'

import type { Importers } from '../guards/imports.ts'

/**
 * The test files that a file leads to by imports, the nearest first: its own, then those of its room, then by how many
 * imports lie between, those of its folder before others.
 */
export function nearestTests(file: string, importers: Importers): readonly string[] {
  const distances = new Map([[file, 0]])
  for (const [at, distance] of distances) {
    for (const importer of importers.get(at) ?? []) if (!distances.has(importer)) distances.set(importer, distance + 1)
  }
  const own = `${basename(file, '.ts')}.test.ts`
  const shared = (test: string): number => {
    const [parts, others] = [file.split('/'), test.split('/')]
    const differs = parts.findIndex((part, index) => part !== others[index])
    return differs === -1 ? parts.length : differs
  }
  const rank = (test: string): readonly number[] => [
    basename(test) === own ? 0 : 1,
    roomOf(test) === roomOf(file) ? 0 : 1,
    distances.get(test) ?? 0,
    -shared(test),
  ]
  return [...distances.keys()]
    .filter((path) => path.endsWith('.test.ts'))
    .map((test) => ({ test, rank: rank(test) }))
    .toSorted((one, other) => byRank(one.rank, other.rank) || one.test.localeCompare(other.test))
    .map(({ test }) => test)
}

/** `packages/server/src/egress/aws/aws.ts` → `server/egress`. */
export function roomOf(file: string): string {
  const [, name = '', , folder = ''] = file.split('/')
  return folder.includes('.') ? name : `${name}/${folder}`
}

function byRank(one: readonly number[], other: readonly number[]): number {
  for (const [index, value] of one.entries()) {
    const difference = value - (other[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
