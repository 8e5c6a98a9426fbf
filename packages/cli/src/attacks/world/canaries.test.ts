import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterEach, expect, test } from 'vitest'

import { type Canaries, openCanaries } from './canaries.ts'

let canaries: Canaries | undefined
afterEach(() => canaries?.close())

const control = join(import.meta.dirname, '../../../../../examples/checkout/poisoned-dependency/control.js')

/** Runs the poisoned dependency's probes outside any box, aimed at canaries. */
async function probe(routes: readonly object[], certificate: string): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'canaries-'))
  await writeFile(join(folder, 'routes.json'), JSON.stringify(routes))
  await writeFile(join(folder, 'ca.pem'), certificate)
  const { stdout } = await promisify(execFile)(process.execPath, [control, join(folder, 'routes.json')], {
    env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), LOOT: 'taken' },
  })
  await rm(folder, { recursive: true })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { poison: string; got: unknown })
  return Object.fromEntries(lines.map(({ poison, got }) => [poison, got]))
}

test('every probe that a box refuses succeeds outside one, against a canary', async () => {
  canaries = await openCanaries({ tcpPort: 0, nowMs: Date.now() })
  const { tcpPort: port, httpUrl, httpsUrl, dnsServer: server } = canaries
  const got = await probe(
    [
      { poison: 'https', kind: 'http', url: `${httpsUrl}/collect` },
      { poison: 'tcp', kind: 'tcp', host: '127.0.0.1', port },
      { poison: 'dns', kind: 'dns', suffix: 'evil.example', server },
      { poison: 'metadata', kind: 'http', url: `${httpUrl}/latest/meta-data/` },
      { poison: 'file', kind: 'file', path: control },
      { poison: 'child', kind: 'child', runtimeApi: new URL(httpUrl).host },
    ],
    canaries.ca,
  )
  expect(got).toEqual({ https: true, tcp: true, dns: true, metadata: true, file: true, child: true })
  expect(canaries.hits).toEqual(
    expect.arrayContaining(['https POST /collect', 'tcp 127.0.0.1', 'http GET /latest/meta-data/']),
  )
  expect(canaries.hits.some((hit) => /^dns [0-9a-f]+\.evil\.example$/.test(hit))).toBe(true)
})

test('a probe says that it got nothing where nobody listens', async () => {
  canaries = await openCanaries({ tcpPort: 0, nowMs: Date.now() })
  const { tcpPort, ca } = canaries
  await canaries.close()
  const got = await probe([{ poison: 'tcp', kind: 'tcp', host: '127.0.0.1', port: tcpPort }], ca)
  expect(got).toEqual({ tcp: false })
  canaries = undefined
})
