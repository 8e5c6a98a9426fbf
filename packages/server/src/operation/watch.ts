import { watch } from 'node:fs'
import { sep } from 'node:path'

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
  const stopWatching = watchFolder(folder, () => void (reloading = reloading.then(reload).catch(trouble)))
  return () => {
    stopWatching()
    return reloading
  }
}

/**
 * Calls back once a burst of changes under `folder` has settled. Our state folder and installed modules do not count.
 * Returns how to stop.
 */
function watchFolder(folder: string, changed: () => void, settleMs = 40): () => void {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    const first = file?.split(sep)
    if (first === undefined || first.includes('.sallyport') || first.includes('node_modules')) return
    clearTimeout(timer)
    timer = setTimeout(changed, settleMs)
  })
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
