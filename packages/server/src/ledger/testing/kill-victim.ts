import { writeSync } from 'node:fs'

import type { DecisionRecord } from '@sallyport/core/access'
import { ed25519Signer } from '@sallyport/core/ledger'

import { nodeSha256, openLedger } from '../index.ts'

// For the kill -9 test: writes decisions without end and prints the id of each one once its receipt is there.
const [folder = '', pkcs8 = '', publicKey = ''] = process.argv.slice(2)
const origin = 'sallyport.local/test'
const signer = await ed25519Signer(origin, Buffer.from(pkcs8, 'hex'), Buffer.from(publicKey, 'hex'))
const options = { folder, clock: Date.now, sha256: nodeSha256, signer, origin, checkpointEveryMs: 10 }
const ledger = await openLedger({ ...options, segmentBytes: 20_000 })

for (let n = 0; ; n++) {
  const batch = Array.from({ length: 8 }, (_, k) => ledger.record(decision(`${n}-${k}`, k % 4 === 0)))
  for (const receipt of await Promise.all(batch)) writeSync(1, `${receipt.decision}\n`)
}

function decision(id: string, synced: boolean): DecisionRecord {
  const who = { subject: 'anonymous', subjectName: 'anonymous', actors: [], transaction: 't' }
  const what = { effect: 'allow', reasons: [], asked: [], context: {}, manifest: '', isolation: '' } as const
  return { kind: 'decision', id, at: 1, door: 'ingress', durability: synced ? 'synced' : 'written', ...who, ...what }
}
