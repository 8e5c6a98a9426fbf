import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { type Guard, placesOf } from './guard.ts'
import { leadingTo, readImporters } from './imports.ts'

const top = resolve(import.meta.dirname, '../..')
const configuration = ['package.json', 'vitest.config.ts', 'tsconfig.json', 'tsconfig.base.json']
const sources = ['packages', 'examples']

/** One copy of the house as it stands, and one for each guard that is to be missing. */
export interface HouseCopies {
  /** Holds all the copies and the installed modules. */
  readonly root: string
  /** The copy with every guard in place. */
  readonly whole: string
  /** Makes a copy without this guard. Throws when the guard's code does not stand exactly once where it should. */
  without(guard: Guard): string
  remove(): void
}

/** Copies the sources and links the installed modules; our own packages lead to the copy that imports them. */
export function copyHouse(): HouseCopies {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-guards-'))
  chmodSync(root, 0o755) // boxes of other uids read the code under test
  for (const name of configuration) cpSync(join(top, name), join(root, name))
  const modules = join(root, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(top, 'node_modules'))) {
    if (name === '@sallyport' || name.startsWith('.v')) continue
    symlinkSync(join(top, 'node_modules', name), join(modules, name))
  }
  const whole = join(root, 'whole')
  for (const name of sources) {
    cpSync(join(top, name), join(whole, name), {
      recursive: true,
      filter: (path) => !/(^|\/)(node_modules|dist|\.sallyport)(\/|$)/.test(path.slice(top.length)),
    })
  }
  linkPackages(whole)
  const importers = readImporters(whole)
  let copies = 0
  return {
    root,
    whole,
    without: (guard) => {
      const copy = join(root, `without-${(copies += 1)}`)
      // What the guard's files lead nowhere near is linked, and so is one module for all copies; the rest is this
      // copy's own. Hard links, for a module is told apart by its path.
      const linked = spawnSync('cp', ['-as', join(whole, 'packages'), join(whole, 'examples'), copyFolder(copy)], run)
      if (linked.status !== 0) throw new Error(`cannot copy ${whole}: ${linked.stderr}`)
      linkPackages(copy)
      const places = placesOf(guard)
      const own = leadingTo(
        places.map(({ file }) => file),
        importers,
      )
      for (const file of new Set([...own, ...guard.noticedBy])) {
        unlinkSync(join(copy, file))
        linkSync(join(whole, file), join(copy, file))
      }
      for (const { file, code, without } of places) {
        const path = join(copy, file)
        const original = readFileSync(path, 'utf8')
        if (original.split(code).length !== 2) throw new Error(`its code does not stand exactly once in ${file}`)
        unlinkSync(path) // and not the file that the other copies share
        writeFileSync(
          path,
          original.replace(code, () => without),
        )
      }
      return copy
    },
    remove: () => void spawnSync('rm', ['-rf', root]),
  }
}

const run = { encoding: 'utf8' } as const

function copyFolder(copy: string): string {
  mkdirSync(copy)
  return copy
}

/** Our own packages, as those in this copy find them. */
function linkPackages(copy: string): void {
  mkdirSync(join(copy, 'node_modules/@sallyport'), { recursive: true })
  for (const name of readdirSync(join(copy, 'packages'))) {
    symlinkSync(join('../../packages', name), join(copy, 'node_modules/@sallyport', name))
  }
}
