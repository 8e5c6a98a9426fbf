import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type RunningApp, send, startApp, tokens } from '@sallyport/cli'

// From the start of `sallyport up` to the first request that was verified, decided, recorded and answered by a
// function in its box; and how fast an edit is in force. The example app, in a copy; state and builds are warm.

const rounds = 5
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const example = resolve(import.meta.dirname, '../examples/checkout')
cpSync(example, folder, { recursive: true, filter: (path) => !/\/(\.sallyport|node_modules)/.test(path.slice(example.length)) })
symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'))

/** Ports that stay: a token of one run is then valid in the next. */
const port = 20_000 + (process.pid % 20_000)
const start = (): Promise<RunningApp> =>
  startApp({ folder, port, issuerPort: port + 1, environment: {}, write: () => undefined })

async function firstVerified(app: RunningApp, token: string): Promise<void> {
  // 404 is the function's own answer: there is no such order.
  for (;;) {
    const { status } = await send(app, { path: '/orders/none', token })
    if (status === 404) return
    await sleep(5)
  }
}

try {
  const first = await start()
  const token = await tokens()(first, 'alice')
  await firstVerified(first, token)
  await first.close()
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    const app = await start()
    await firstVerified(app, token)
    times.push(performance.now() - startedAt)
    await app.close()
  }
  times.sort((a, b) => a - b)
  console.log('| `up` to the first verified request | ms |\n|---|---|')
  console.log(`| best | ${times[0]?.toFixed(0)} |\n| median of ${rounds} | ${times[rounds >> 1]?.toFixed(0)} |`)
  console.log('\ntarget: ≤ 1,500 ms')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
