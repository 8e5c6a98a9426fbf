import { appendFileSync, chmodSync, statSync } from 'node:fs'

import type { SeenExit } from '@sallyport/manifest'

const maxDistinct = 5_000
const maxFileBytes = 8 * 1024 * 1024

/**
 * Writes down what functions ask for, one line for each thing that is asked in another way: `sallyport learn` reads it.
 * Adversary: a function that asks for something new without end; what goes beyond the bounds is not recorded, and said
 * so once. `onFailure` is told what cannot be written; it must not throw.
 */
export function openRecording(file: string, onFailure: (cause: unknown) => void): (seen: SeenExit) => void {
  const known = new Set<string>()
  appendFileSync(file, '', { mode: 0o600 })
  chmodSync(file, 0o600)
  let bytes = statSync(file).size
  let full = false
  return (seen) => {
    const key = JSON.stringify({ ...seen, at: 0 })
    if (full || known.has(key)) return
    const line = `${JSON.stringify(seen)}\n`
    bytes += line.length
    if (known.size >= maxDistinct || bytes > maxFileBytes) {
      full = true
      return onFailure(new Error(`${file} is full: nothing more is recorded for sallyport learn`))
    }
    known.add(key)
    try {
      appendFileSync(file, line)
    } catch (cause) {
      onFailure(cause)
    }
  }
}
