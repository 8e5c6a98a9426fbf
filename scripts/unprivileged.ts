import { spawnSync } from 'node:child_process'
import { cpSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { top } from './run.ts'

/** `nobody`: a user that owns nothing and is in no group that matters. */
const nobody = 65534

/** A copy of the checkout that an ordinary user owns, with a HOME and a temporary folder of its own. */
export interface OtherUser {
  readonly id: number
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  remove(): void
}

/**
 * Makes that copy. A copy, because the checkout may lie where nobody else can look (under /root),
 * and because tests write beside the code. node_modules is linked file by file where the disk allows it.
 */
export function asOtherUser(): OtherUser {
  const base = mkdtempSync(join(tmpdir(), 'sallyport-user-'))
  const folder = join(base, 'checkout')
  const leftOut = new Set(['node_modules', '.git', '.sallyport', '.setup-lock', 'dist', 'coverage'])
  try {
    cpSync(top, folder, { recursive: true, verbatimSymlinks: true, filter: (from) => !leftOut.has(basename(from)) })
    copyModules(join(top, 'node_modules'), join(folder, 'node_modules'))
    for (const name of ['home', 'tmp']) mkdirSync(join(base, name), { mode: 0o700 })
    own(base)
  } catch (error) {
    rmSync(base, { recursive: true, force: true })
    throw error
  }
  return {
    id: nobody,
    folder,
    environment: {
      HOME: join(base, 'home'),
      TMPDIR: join(base, 'tmp'),
      PATH: `${join(folder, 'node_modules/.bin')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      LANG: process.env['LANG'] ?? 'C.UTF-8',
      CI: process.env['CI'],
      NODE_COMPILE_CACHE: join(base, 'tmp/compiled'),
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** Links where the disk allows it and everybody may read the files; else copies them, to be handed over as well. */
function copyModules(from: string, to: string): void {
  const everybodyReads = (statSync(join(from, 'vitest/package.json')).mode & 0o004) !== 0
  const copied = (everybodyReads && copy('-al', from, to)) || copy('-a', from, to)
  if (!copied) throw new Error(`cannot copy ${from} for an ordinary user`)
  for (const cache of ['.vite', '.vite-temp', '.vitest-cache'])
    rmSync(join(to, cache), { recursive: true, force: true })
  if (!everybodyReads) own(to, false)
}

function copy(how: '-al' | '-a', from: string, to: string): boolean {
  if (spawnSync('cp', [how, from, to], { stdio: 'ignore' }).status === 0) return true
  rmSync(to, { recursive: true, force: true })
  return false
}

/** Hands the copy over. Of node_modules only the top folder, unless told: the files there may be links to ours. */
function own(path: string, leaveModules = true): void {
  lchownSync(path, nobody, nobody)
  if (leaveModules && basename(path) === 'node_modules') return
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) own(child, leaveModules)
    else lchownSync(child, nobody, nobody)
  }
}
