import { accessSync, constants } from 'node:fs'

/** Absolute paths of the system's own programs; never looked up in a PATH that a caller could set. */
export interface Tools {
  readonly bwrap: string
  readonly unshare: string
  readonly nsenter: string
  readonly prlimit: string
  readonly setpriv: string
  readonly bash: string
  readonly ip: string
}

/** The Debian package that brings each. */
export const packageOf: Readonly<Record<keyof Tools, string>> = {
  bwrap: 'bubblewrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  bash: 'bash',
  ip: 'iproute2',
}

const systemFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** What was found of them, and what was not. */
export interface FoundTools {
  readonly found: Partial<Tools>
  readonly missing: readonly (keyof Tools)[]
}

/** Finds each program in the first of these folders that has it, or says which are missing. */
export function findTools(folders: readonly string[] = systemFolders): FoundTools {
  const names = Object.keys(packageOf) as (keyof Tools)[] // the keys of our own table
  const found: Partial<Record<keyof Tools, string>> = {}
  for (const name of names) {
    const path = folders.map((folder) => `${folder}/${name}`).find(isExecutable)
    if (path !== undefined) found[name] = path
  }
  return { found, missing: names.filter((name) => found[name] === undefined) }
}

/** True when nothing is missing. */
export function areComplete(found: Partial<Tools>): found is Tools {
  return Object.keys(packageOf).every((name) => name in found)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
