import { isMainThread, Worker, workerData } from 'node:worker_threads'

const lookEveryMs = 100
/** What the process has before a guest does anything: the runtime, and the engine with its compiled code. */
const ownMb = 224

/**
 * Watches over this process from a second thread, for the first may never come back from a guest: it ends with the
 * server that started it, and when it holds more memory than twice the guest's besides its own.
 */
export function watchOver(memoryMb: number): void {
  new Worker(new URL(import.meta.url), {
    workerData: { parent: process.ppid, mostBytes: (ownMb + 2 * memoryMb) * 1024 * 1024 },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  }).unref()
}

if (!isMainThread) {
  // Our own words, from the thread above.
  const { parent, mostBytes } = workerData as { readonly parent: number; readonly mostBytes: number }
  setInterval(() => {
    if (process.ppid !== parent || process.memoryUsage.rss() > mostBytes) process.kill(process.pid, 'SIGKILL')
  }, lookEveryMs)
}
