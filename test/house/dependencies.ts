import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Packages of others that a package of ours brings along, all the way down; platform binaries count once each. */
export const budgets: Readonly<Record<string, number>> = {
  core: 1, // jose
  aws: 2, // aws4 and what core has
  manifest: 2, // yaml and what core has
  guests: 6, // cedar-wasm, opa-wasm with its two, and what manifest has
  server: 150,
  cli: 155, // with the server in it; the verbs that need no box load almost none of it
}

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

type Lock = Readonly<Record<string, Locked>>

/** The lockfile's table of packages, by folder. */
export function readLock(root: string): Lock {
  // npm wrote it; what we read of it is checked by use: a package that is missing there is an error.
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock }
  return packages
}

/** Names with the folders in which they lie, of everything that `packages/NAME` brings along from others. */
export function broughtAlong(lock: Lock, name: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (folder: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = lock[folder] ?? {}
    for (const wanted of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = wanted.startsWith('@sallyport/') ? `packages/${wanted.slice(11)}` : locate(lock, folder, wanted)
      if (at === undefined || found.has(at)) continue
      found.add(at)
      visit(at)
    }
  }
  visit(`packages/${name}`)
  return new Set([...found].filter((folder) => folder.includes('node_modules/')))
}

/** Node's own search: beside the package, then in each folder above. Optional packages may be absent. */
function locate(lock: Lock, from: string, wanted: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${wanted}` : `${folder}/node_modules/${wanted}`
    if (lock[candidate] !== undefined) return candidate
    if (folder === '') return undefined
  }
}
