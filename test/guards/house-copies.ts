import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { type Guard, placesOf } from './guard.ts'
import { between, readImporters } from './imports.ts'

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
  const root = mkdtempSync(join(placeForCopies(), 'sallyport-guards-'))
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
      const places = placesOf(guard)
      const files = places.map(({ file }) => file)
      const changed = new Map(places.map(({ file }) => [file, readFileSync(join(whole, file), 'utf8')]))
      for (const { file, code, without } of places) {
        const text = changed.get(file) ?? ''
        if (text.split(code).length !== 2) throw new Error(`its code does not stand exactly once in ${file}`)
        changed.set(
          file,
          text.replace(code, () => without),
        )
      }
      copyFolder(whole, copy, changed, between(guard.noticedBy, files, importers))
      linkPackages(copy)
      return copy
    },
    remove: () => {
      endProcessesOf(root)
      spawnSync('rm', ['-rf', root])
    },
  }
}

/** Without a guard something may run on for ever: whatever runs code of these copies is ended with them. */
function endProcessesOf(root: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${root}/`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // it has ended, or is somebody else's
    }
  }
}

const neededBytes = 256 * 1024 * 1024

/** In memory where there is room: making and removing tens of thousands of links keeps a disk busy for minutes. */
function placeForCopies(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize >= neededBytes) return '/dev/shm'
  } catch {
    // there is none
  }
  return tmpdir()
}

/**
 * A copy with some files changed. What stands on no way from the tests to those files is linked, whole folders at once,
 * and so is one module for all copies; the rest is this copy's own, by hard links: a module is told apart by its path.
 */
function copyFolder(whole: string, copy: string, changed: ReadonlyMap<string, string>, own: ReadonlySet<string>): void {
  const folders = new Set([...own].flatMap(foldersAbove))
  const make = (folder: string): void => {
    mkdirSync(join(copy, folder))
    for (const name of readdirSync(join(whole, folder))) {
      const path = join(folder, name)
      const text = changed.get(path)
      if (text !== undefined) writeFileSync(join(copy, path), text)
      else if (own.has(path)) linkSync(join(whole, path), join(copy, path))
      else if (folders.has(path)) make(path)
      else if (path !== 'node_modules') symlinkSync(join(whole, path), join(copy, path))
    }
  }
  make('')
}

/** `a/b/c.ts` → `a`, `a/b`. */
function foldersAbove(file: string): readonly string[] {
  const parts = file.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Our own packages, as those in this copy find them. */
function linkPackages(copy: string): void {
  mkdirSync(join(copy, 'node_modules/@sallyport'), { recursive: true })
  for (const name of readdirSync(join(copy, 'packages'))) {
    symlinkSync(join('../../packages', name), join(copy, 'node_modules/@sallyport', name))
  }
}
