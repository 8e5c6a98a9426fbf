import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { afterEach, expect, test } from 'vitest'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** A process of a guest that may hold so much. */
function watched(memoryMb: number): ChildProcess {
  const script = fileURLToPath(new URL('../testing/watched.ts', import.meta.url))
  const child = spawn(process.execPath, ['--max-old-space-size=64', script, String(memoryMb)], { stdio: 'inherit' })
  started.push(child)
  return child
}

test('a guest that holds more memory than it may is ended, whatever holds it', async () => {
  const within = watched(64)
  const beyond = watched(-100) // less than a runtime needs before a guest does anything
  expect(await once(beyond, 'exit')).toEqual([null, 'SIGKILL'])
  expect([within.exitCode, within.signalCode]).toEqual([null, null])
})
