import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { DecisionRecord, LedgerRecord, OutcomeRecord, SallyportError } from '@sallyport/core/access'
import { ed25519Signer, encodeEntry, generateEd25519, type NoteSigner } from '@sallyport/core/ledger'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import { type Ledger, type LedgerOptions, nodeSha256, openLedger, readLedger } from './index.ts'
import { createMemoryStore } from './testing/memory-store.ts'

const origin = 'sallyport.local/test'
let signer: NoteSigner
let folder: string
let opened: Ledger[] = []

beforeAll(async () => {
  const { pkcs8, publicKey } = await generateEd25519()
  signer = await ed25519Signer(origin, pkcs8, publicKey)
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'))
})
afterEach(async () => {
  for (const ledger of opened) await ledger.close()
  opened = []
  rmSync(folder, { recursive: true, force: true })
})

async function open(options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger({ folder, clock: () => 1000, sha256: nodeSha256, signer, origin, ...options })
  opened.push(ledger)
  return ledger
}

function outcome(of: string): OutcomeRecord {
  return { kind: 'outcome', at: 2, decision: of, transaction: 't', outcome: 'done' }
}

async function records(): Promise<LedgerRecord[]> {
  return (await Array.fromAsync(readLedger(folder))).map(({ record }) => record)
}

test('takes no name that cannot name a log', async () => {
  await expect(open({ origin: 'a name' })).rejects.toMatchObject({ code: 'ledger.unavailable' })
  await open()
})

test('follows no link that somebody put in the place of a segment', async () => {
  await (await open()).close()
  const segment = join(folder, '00000000.seg')
  const elsewhere = join(folder, 'elsewhere')
  renameSync(segment, elsewhere)
  symlinkSync(elsewhere, segment)
  await expect(open()).rejects.toMatchObject({ code: 'ledger.unavailable' })
  rmSync(segment)
  renameSync(elsewhere, segment)
  await open()
})

test('takes well-framed bytes that are no record for damage', async () => {
  const first = await open()
  await first.append(outcome('a'), 'synced')
  await first.close()
  const segment = join(folder, '00000000.seg')
  const whole = readFileSync(segment)
  writeFileSync(segment, Buffer.concat([whole, encodeEntry(Buffer.from('{"kind":"outcome"}'), nodeSha256)]))
  await expect(open()).rejects.toMatchObject({ code: 'ledger.damaged' })
  writeFileSync(segment, whole)
  await open()
})

test('leaves nothing of a torn write behind what comes after it', async () => {
  const first = await open()
  await first.append(outcome('a'), 'synced')
  await first.close()
  const segment = join(folder, '00000000.seg')
  const torn = encodeEntry(Buffer.alloc(5_000, 'x'), nodeSha256).subarray(0, -1)
  writeFileSync(segment, Buffer.concat([readFileSync(segment), torn]))
  const second = await open()
  expect(second.recovery.truncatedBytes).toBe(torn.length)
  await second.close()
  expect((await open()).recovery.truncatedBytes).toBe(0)
})

test('is not read past bytes that cannot be read, when more follows', async () => {
  const ledger = await open({ segmentBytes: 300 })
  for (let n = 0; n < 6; n++) await ledger.append(outcome(`${n}`), 'synced')
  await ledger.close()
  expect(await records()).toHaveLength(6)
  const first = join(folder, '00000000.seg')
  truncateSync(first, statSync(first).size - 1)
  await expect(records()).rejects.toMatchObject({ code: 'ledger.damaged' })
})

test('what waits is refused at the end, and nothing is written after it', async () => {
  let full = true
  let writes = 0
  const store = createMemoryStore((step) => {
    if (step !== 'write') return undefined
    writes += 1
    if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return undefined
  })
  const ledger = await open({ store, retryMs: 5 })
  const waiting = ledger.append(outcome('a'), 'written').then(
    () => 'written',
    ({ code }: SallyportError) => code,
  )
  await new Promise((resolve) => setImmediate(resolve))
  const refused = ledger.append(decision, 'written').catch(({ code }: SallyportError) => code)
  const closed = ledger.close()
  const before = writes
  full = false
  await closed
  await new Promise((resolve) => setTimeout(resolve, 20)) // as long as a retry would take, several times over
  expect([await waiting, await refused, writes - before]).toEqual(['ledger.full', 'ledger.full', 0])
})

const decision: DecisionRecord = {
  kind: 'decision',
  id: 'd',
  at: 1,
  door: 'ingress',
  transaction: 't',
  subject: 'anonymous',
  subjectName: 'anonymous',
  actors: [],
  effect: 'deny',
  reasons: [],
  asked: [],
  context: {},
  durability: 'synced',
  manifest: '',
  isolation: '',
}
