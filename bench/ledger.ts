import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import type { DecisionRecord } from '@sallyport/core/access'
import { ed25519Signer, generateEd25519 } from '@sallyport/core/ledger'

import { type Ledger, nodeSha256, openLedger } from '../packages/server/src/ledger/index.ts'

// Records per second and receipt times, by durability and by how many are asked for at once.
// The baseline is the same record through JSON.stringify alone, in this run: what no ledger could do without.

const record: DecisionRecord = {
  kind: 'decision',
  id: '0123456789abcdef0123456789abcdef',
  at: 1_760_000_000_000,
  door: 'egress',
  transaction: 'fedcba9876543210fedcba9876543210',
  subject: 'arn:sallyport:function:checkout:restricted:payments',
  subjectName: 'payments',
  user: 'alice',
  actors: ['arn:sallyport:function:checkout:public:storefront', 'arn:sallyport:function:checkout:internal:orders'],
  effect: 'allow',
  reasons: [{ code: 'policy.allowed', layer: 'identity', message: 'payments can stripe charge', rule: 'Stripe' }],
  asked: [{ action: 'sallyport:UseDoor', resource: 'arn:sallyport:door:checkout::stripe/charge' }],
  context: { 'sallyport:TransactionUser': 'alice', 'sallyport:SourceZone': 'restricted' },
  durability: 'written',
  manifest: 'c0ffee',
  isolation: 'box hard',
}

const total = 200_000
let sink = 0
const baseStart = performance.now()
for (let n = 0; n < total; n++) sink += JSON.stringify({ ...record, at: n }).length
const baseMicros = ((performance.now() - baseStart) * 1000) / total
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${(sink / total) | 0} bytes a record`)
console.log(`JSON.stringify alone: ${baseMicros.toFixed(2)} µs a record`)
console.log('durability  at once   records/s   µs/record   × stringify   receipt p50 / p99 (ms)')

const { pkcs8, publicKey } = await generateEd25519()
const origin = 'bench.local/ledger'
const signer = await ed25519Signer(origin, pkcs8, publicKey)

/** A ledger in a folder of its own, gone afterwards. */
async function withLedger(use: (ledger: Ledger) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
  const ledger = await openLedger({ folder, clock: Date.now, sha256: nodeSha256, signer, origin })
  await use(ledger)
  await ledger.close()
  rmSync(folder, { recursive: true })
}

function percentiles(times: number[]): string {
  times.sort((a, b) => a - b)
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2)
  return `${at(0.5)} / ${at(0.99)}`
}

for (const durability of ['written', 'synced'] as const) {
  for (const atOnce of [1, 10, 100, 1000]) {
    await withLedger(async (ledger) => {
      const times: number[] = []
      const count = atOnce === 1 ? 3000 : atOnce === 10 ? 20_000 : total
      const start = performance.now()
      for (let n = 0; n < count; n += atOnce) {
        const asked = performance.now()
        const batch = Array.from({ length: atOnce }, (_, k) => ledger.record({ ...record, at: n + k, durability }))
        await Promise.all(batch)
        times.push(performance.now() - asked)
      }
      const micros = ((performance.now() - start) * 1000) / count
      const ratio = (micros / baseMicros).toFixed(1)
      const figures = [durability, atOnce, Math.round(1e6 / micros), micros.toFixed(2), ratio]
      console.log([...figures, percentiles(times)].map((cell) => String(cell).padEnd(11)).join(' '))
    })
  }
}

console.log('at a steady 5,000 records/s, five each millisecond, for two seconds')
for (const durability of ['written', 'synced'] as const) {
  await withLedger(async (ledger) => {
    const times: number[] = []
    const asking: Promise<unknown>[] = []
    const start = performance.now()
    while (asking.length < 10_000) {
      // Those that are due by now: a late timer asks for more at once, as late callers would.
      for (; asking.length < Math.min(10_000, (performance.now() - start) * 5);) {
        const asked = performance.now()
        asking.push(ledger.record({ ...record, durability }).then(() => times.push(performance.now() - asked)))
      }
      await setTimeout(1)
    }
    await Promise.all(asking)
    console.log(`${durability.padEnd(11)} receipt p50 / p99 (ms): ${percentiles(times)}`)
  })
}
