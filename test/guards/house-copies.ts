import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { type Guard, placesOf } from './guard.ts'

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
  mkdirSync(join(whole, 'node_modules/@sallyport'), { recursive: true })
  for (const name of readdirSync(join(whole, 'packages'))) {
    symlinkSync(join('../../packages', name), join(whole, 'node_modules/@sallyport', name))
  }
  let copies = 0
  return {
    root,
    whole,
    without: (guard) => {
      const copy = join(root, `without-${(copies += 1)}`)
      // Hard links: a copy takes some 10 ms, and only the files that differ take room.
      const linked = spawnSync('cp', ['-al', whole, copy], { encoding: 'utf8' })
      if (linked.status !== 0) throw new Error(`cannot copy ${whole}: ${linked.stderr}`)
      for (const { file, code, without } of placesOf(guard)) {
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
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
