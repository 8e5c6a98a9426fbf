import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

import type { Surroundings } from '@sallyport/manifest'

/** The same surroundings, in which one file already reads as it would. */
export function withText(usual: Surroundings, file: string, text: string): Surroundings {
  const path = usual.realpath(file)
  return { ...usual, readFile: (asked) => (asked === path ? text : usual.readFile(asked)) }
}

/** All of the new file or all of the old one: a `dev` that watches must never read half. */
export function replaceFile(file: string, text: string): void {
  const beside = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(beside, text, { flag: 'wx', mode: statSync(file).mode & 0o777 })
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true }) // a full disk has taken a part of it
    throw error
  }
}
