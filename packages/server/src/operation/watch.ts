import { watch } from 'node:fs'
import { sep } from 'node:path'

/**
 * Calls back once a burst of changes under `folder` has settled. Our state folder and installed modules do not count.
 * Returns how to stop.
 */
export function watchFolder(folder: string, changed: () => void, settleMs = 40): () => void {
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
