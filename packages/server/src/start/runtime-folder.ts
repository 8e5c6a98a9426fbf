import { createHash } from 'node:crypto'
import { join } from 'node:path'

/**
 * Where boxes may read from, for a server whose state lies in `stateFolder`. Started by root, each function has its own
 * uid, and the state folder is closed to all of them; as an ordinary user everything is that user's.
 */
export function runtimeFolderFor(stateFolder: string): string {
  if (process.getuid?.() !== 0) return join(stateFolder, 'runtime')
  return join('/var/cache/sallyport', createHash('sha256').update(stateFolder).digest('hex').slice(0, 16))
}
