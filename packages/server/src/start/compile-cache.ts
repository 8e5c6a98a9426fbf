import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Where Node finds what it made of the source before (`NODE_COMPILE_CACHE`), for a server that gave up root: as named
 * by who starts it, if root alone can have written every byte and the server can come to it; undefined otherwise. What
 * lies there is run: whoever writes it is the server. So this server reads it, and no server writes it.
 */
export function closedCache(named: string | undefined): string | undefined {
  if (named === undefined || named === '') return undefined
  try {
    const folder = realpathSync(named)
    return isReached(folder) && holdsRootsAlone(folder) ? folder : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined // Node would make it
    throw error
  }
}

/** Nobody but root can put another in the place of a folder on the way, and everybody may pass. */
function isReached(path: string): boolean {
  const { uid, mode } = lstatSync(path)
  // In a folder such as /tmp only a file's owner moves it.
  const keptByRoot = uid === 0 && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0)
  if (!keptByRoot || (mode & 0o001) === 0) return false
  return path === dirname(path) || isReached(dirname(path))
}

function holdsRootsAlone(path: string): boolean {
  const found = lstatSync(path)
  if (found.uid !== 0 || (found.mode & 0o022) !== 0) return false // a link as well: everybody may do all to it
  return !found.isDirectory() || readdirSync(path).every((name) => holdsRootsAlone(join(path, name)))
}
