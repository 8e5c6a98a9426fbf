import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type RunningApp, send, startApp, tokens } from '@sallyport/cli'

// From the start of `sallyport up` to the first request that was verified, decided, recorded and answered by a
// function in its box. One function, one route, one user; state and builds are warm from a run before.

const rounds = 5
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
mkdirSync(join(folder, 'src'))
writeFileSync(join(folder, 'src/hello.ts'), 'export default { fetch: () => Response.json({ hello: true }) }\n')
writeFileSync(
  join(folder, 'sallyport.yaml'),
  `app: bench
issuers: { embedded: { users: { alice: [member] } } }
people: { member: {} }
zones: { public: { from: [internet] } }
functions:
  hello: { zone: public, code: src/hello.ts, routes: { GET /hello: { who: [member] } } }
`,
)

/** Ports that stay: a token of one run is then valid in the next. */
const port = 20_000 + (process.pid % 20_000)
const start = (): Promise<RunningApp> =>
  startApp({ folder, port, issuerPort: port + 1, environment: {}, write: () => undefined })

async function firstVerified(app: RunningApp, token: string): Promise<void> {
  for (;;) {
    const { status } = await send(app, { path: '/hello', token })
    if (status === 200) return
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
