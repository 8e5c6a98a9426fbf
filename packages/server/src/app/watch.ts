import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * Calls `reload` after every change in the folder, one after the other. What it gives back stops that, and waits for
 * the reload that is under way: what is half in force would start boxes after the engine has ended.
 */
export function reloadOnChange(
  folder: string,
  reload: () => Promise<void>,
  trouble: (cause: unknown) => void,
): () => Promise<void> {
  let reloading: Promise<void> = Promise.resolve()
  const changed = (): void => void (reloading = reloading.then(reload).catch(trouble))
  const stopWatching = watchFolder(folder, changed, trouble)
  return () => {
    stopWatching()
    return reloading
  }
}

/** Our state, what is installed, and what version control keeps: no text of the app. */
const apart = new Set(['.sallyport', 'node_modules', '.git'])

/**
 * Calls back once a burst of changes under `folder` has settled, and left something else there. Returns how to stop.
 * Each folder is watched by itself, since editors save by putting another file in the place of the old one: whoever
 * watches the file hears that once. Throws where the folder itself cannot be watched.
 */
function watchFolder(
  folder: string,
  changed: () => void,
  trouble: (cause: unknown) => void,
  settleMs = 40,
): () => void {
  const watched = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let last: string | undefined
  const hear = (path: string, event: string, name: string | null): void => {
    if (name !== null && apart.has(name)) return
    // Made, taken away or replaced: a watcher holds on to what stood there before, so there has to be another one.
    if (event === 'rename') forget(name === null ? path : join(path, name))
    clearTimeout(timer)
    timer = setTimeout(() => {
      follow(folder)
      // One save is heard of several times, and not always in one burst: what it led to is told once.
      const now = stateOf(folder)
      if (now === last) return
      last = now
      changed()
    }, settleMs)
  }

  /** Watches this folder and all below it, whichever of them are not watched yet. */
  function follow(path: string): void {
    try {
      watchOne(path)
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (entry.isDirectory() && !apart.has(entry.name)) follow(join(path, entry.name))
    } catch (cause) {
      forget(path)
      // Gone while we looked, which is heard by itself; or closed to us, so that nothing there is in force.
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
      if (path !== folder && (code === 'ENOENT' || code === 'EACCES')) return
      trouble(cause)
    }
  }

  function watchOne(path: string): void {
    if (watched.has(path)) return
    const watcher = watch(path, (event, name) => hear(path, event, name))
    watcher.on('error', trouble)
    watched.set(path, watcher)
  }

  function forget(path: string): void {
    for (const [one, watcher] of watched) {
      if (one !== path && !one.startsWith(path + sep)) continue
      watcher.close()
      watched.delete(one)
    }
  }

  watchOne(folder)
  follow(folder)
  return () => {
    clearTimeout(timer)
    forget(folder)
  }
}

/** Everything of the app below a folder, and when it changed: any write since leaves another text. */
function stateOf(folder: string): string {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !apart.has(name))
      .map((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return `${path}/\n${stateOf(path)}`
        const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
        return `${path} ${found?.ino} ${found?.size} ${found?.ctimeNs}`
      })
      .join('\n')
  } catch {
    return 'unread' // gone while we looked, or closed to us: nothing there is in force
  }
}
