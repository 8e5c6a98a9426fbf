import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { DecisionRecord, LedgerRecord, OutcomeRecord, SallyportError } from '@sallyport/core/access'
import { ed25519Signer, generateEd25519, type NoteSigner, parseRecord, readEntries } from '@sallyport/core/ledger'
import { beforeAll, describe, expect, test } from 'vitest'

import { type Ledger, type LedgerStore, nodeSha256, openLedger, readLedger } from './index.ts'
import { createMemoryStore, type FaultPlan, type LedgerStoreStep } from './testing/memory-store.ts'
import { ledgerStoreContract } from './testing/store-contract.ts'
import { createDirectoryStore } from './store.ts'

const origin = 'sallyport.local/test'
let signer: NoteSigner

beforeAll(async () => {
  const { pkcs8, publicKey } = await generateEd25519()
  signer = await ed25519Signer(origin, pkcs8, publicKey)
})

function openOn(
  store: LedgerStore,
  trouble: SallyportError[] = [],
  spoolBytes = 1000,
  segmentBytes = 700,
): Promise<Ledger> {
  const onTrouble = (error: SallyportError): unknown => trouble.push(error)
  const fixed = { folder: '', clock: () => 5, sha256: nodeSha256, signer, origin, retryMs: 5 }
  return openLedger({ ...fixed, store, spoolBytes, segmentBytes, onTrouble })
}

function decision(id: string, effect: 'allow' | 'deny' = 'deny'): DecisionRecord {
  const who = { subject: 'anonymous', subjectName: 'anonymous', actors: [] }
  const what = { effect, reasons: [], asked: [], context: {}, manifest: '', isolation: '' }
  return { kind: 'decision', id, at: 1, door: 'ingress', transaction: 't', durability: 'synced', ...who, ...what }
}

function outcome(of: string): OutcomeRecord {
  return { kind: 'outcome', at: 2, decision: of, transaction: 't', outcome: 'done' }
}

function contents(store: LedgerStore): LedgerRecord[] {
  const names = store
    .names()
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
  const segments = names.map((name) => readEntries(store.read(name) ?? new Uint8Array(), nodeSha256))
  return segments.flatMap(({ entries }) => entries.map(({ bytes }) => parseRecord(bytes)))
}

function diskFull(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

describe('the ledger store in memory', () => ledgerStoreContract(() => createMemoryStore()))

describe('the ledger store in a folder', () => {
  const folders: string[] = []
  ledgerStoreContract(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
    folders.push(folder)
    return createDirectoryStore(folder)
  })
  test('leaves nothing behind after its contract', () => {
    for (const folder of folders) rmSync(folder, { recursive: true })
    expect(folders).toHaveLength(4)
  })
})

describe('when the disk is full', () => {
  test('refuses decisions, keeps outcomes within the spool, and counts every loss once there is room', async () => {
    let full = false
    const trouble: SallyportError[] = []
    const store = createMemoryStore((step) => {
      if (full && step === 'write') throw diskFull()
      return undefined
    })
    const ledger = await openOn(store, trouble, 130)
    await ledger.record(decision('before'))
    full = true
    const refused = ledger.record(decision('refused'))
    await expect(refused).rejects.toMatchObject({ code: 'ledger.full' })
    // The spool has room for one outcome; the others are lost, and counted with the refused decision.
    const kept = ledger.append(outcome('kept'), 'written')
    const others = await Promise.allSettled(['b', 'c'].map((id) => ledger.append(outcome(id), 'written')))
    for (const other of others) expect(other).toMatchObject({ status: 'rejected', reason: { code: 'ledger.full' } })
    expect(trouble.map(({ code }) => code)).toEqual(['ledger.full'])
    full = false
    await ledger.record(decision('after'))
    expect(await kept).toBe(1n)
    expect(contents(store)).toEqual([
      decision('before'),
      outcome('kept'),
      { kind: 'gap', at: 5, lost: 3, cause: 'ledger.full' },
      decision('after'),
    ])
    await ledger.close()
  })

  test('writes kept outcomes by itself, without a new request', async () => {
    let full = true
    const store = createMemoryStore((step) => {
      if (full && step === 'write') throw diskFull()
      return undefined
    })
    const ledger = await openOn(store)
    const kept = ledger.append(outcome('a'), 'synced')
    await new Promise((resolve) => setImmediate(resolve))
    expect(contents(store)).toEqual([])
    full = false
    expect(await kept).toBe(0n)
    expect(contents(store)).toEqual([outcome('a')])
    await ledger.close()
  })

  test('leaves no half record behind when a write went in partly', async () => {
    let short: number | undefined
    const store = createMemoryStore((step) => {
      if (step !== 'write' || short === undefined) return undefined
      if (short === 0) throw diskFull()
      const accepted = short
      short = 0
      return accepted
    })
    const ledger = await openOn(store)
    for (const bytes of [1, 5, 13, 40]) {
      short = bytes
      await expect(ledger.record(decision(`cut ${bytes}`))).rejects.toMatchObject({ code: 'ledger.full' })
      short = undefined
      await ledger.record(decision(`whole ${bytes}`))
    }
    const ids = contents(store).flatMap((record) => (record.kind === 'decision' ? [record.id] : []))
    expect(ids).toEqual(['whole 1', 'whole 5', 'whole 13', 'whole 40'])
    expect(contents(store).filter(({ kind }) => kind === 'gap')).toHaveLength(4)
    await ledger.close()
  })
})

test('records of a batch that failed late never come back behind later ones', async () => {
  let accepted: number | undefined
  const store = createMemoryStore((step) => {
    if (step !== 'write' || accepted === undefined) return undefined
    if (accepted === 0) throw diskFull()
    const now = accepted
    accepted = 0
    return now
  })
  const ledger = await openOn(store, [], 0, 64_000)
  accepted = 1100 // four whole records of the five, and a piece of the fifth
  const batch = ['a', 'b', 'c', 'd', 'e'].map((id) => ledger.record(decision(id)))
  for (const { status } of await Promise.allSettled(batch)) expect(status).toBe('rejected')
  accepted = undefined
  await ledger.record(decision('x'))
  const left = store.afterKill()
  expect(contents(left)).toEqual([expect.objectContaining({ kind: 'gap', lost: 5 }), decision('x')])
  expect((await openOn(left)).recovery).toMatchObject({ records: 2n, truncatedBytes: 0 })
  await ledger.close()
})

test('tells damage from a torn write: only the last record of all may be cut off', async () => {
  const store = createMemoryStore()
  const ledger = await openOn(store, [], 0, 64_000)
  for (const id of ['a', 'b', 'c']) await ledger.record(decision(id))
  const whole = store.read('00000000.seg') ?? new Uint8Array()
  const length = whole.length / 3
  for (const [place, expected] of [
    [0, 'ledger.damaged'],
    [1, 'ledger.damaged'],
    [2, undefined],
  ] as const) {
    const changed = whole.slice()
    changed[place * length + 40] = 0
    const checkpoint = store.read('checkpoint') ?? new Uint8Array()
    const left = createMemoryStore(
      undefined,
      new Map([
        ['00000000.seg', changed],
        ['checkpoint', checkpoint],
      ]),
    )
    const opening = openOn(left)
    if (expected !== undefined) await expect(opening).rejects.toMatchObject({ code: expected })
    else expect((await opening).recovery).toMatchObject({ records: 2n, truncatedBytes: length })
  }
  await ledger.close()
})

describe('after a failed sync', () => {
  test('acknowledges nothing any more, not even reads, and says so', async () => {
    let broken = false
    const trouble: SallyportError[] = []
    const store = createMemoryStore((step) => {
      if (broken && step === 'sync') throw new Error('EIO')
      return undefined
    })
    const ledger = await openOn(store, trouble)
    await ledger.record(decision('before'))
    broken = true
    await expect(ledger.record(decision('lost'))).rejects.toMatchObject({ code: 'ledger.unavailable' })
    broken = false
    await expect(ledger.append(outcome('before'), 'written')).rejects.toMatchObject({ code: 'ledger.unavailable' })
    await expect(ledger.record(decision('later'))).rejects.toMatchObject({ code: 'ledger.unavailable' })
    expect(trouble.map(({ code }) => code)).toEqual(['ledger.unavailable'])
    await expect(ledger.close()).rejects.toMatchObject({ code: 'ledger.unavailable' })
    const next = await openOn(store.afterPowerLoss())
    expect(next.recovery.records).toBe(1n)
    await next.close()
  })
})

describe('whatever step fails', () => {
  const steps: LedgerStoreStep[] = ['open', 'write', 'sync', 'truncate', 'replace', 'sync-folder']
  test.each(steps)('a failing %s at any call loses no acknowledged record', async (failing) => {
    for (let failAt = 0; failAt < 40; failAt++) {
      let seen = 0
      const plan: FaultPlan = (step) => {
        if (step === failing && seen++ === failAt) throw Object.assign(new Error('injected'), { code: 'EIO' })
        return undefined
      }
      const store = createMemoryStore(plan)
      const acknowledged = { written: new Set<string>(), synced: new Set<string>() }
      const ledger = await openOn(store).catch(() => undefined)
      for (const n of ledger ? [0, 1, 2, 3, 4, 5] : []) {
        const durability = n % 2 === 0 ? 'written' : 'synced'
        const record = { ...decision(`${n}`), durability } as const
        await ledger?.record(record).then(
          () => acknowledged[durability].add(record.id),
          () => undefined,
        )
      }
      await ledger?.checkpoint().catch(() => undefined)
      for (const [left, promised] of [
        [store.afterKill(), acknowledged.written.union(acknowledged.synced)],
        [store.afterPowerLoss(), acknowledged.synced],
      ] as const) {
        const reopened = await openOn(left)
        const ids = new Set(contents(left).flatMap((record) => (record.kind === 'decision' ? [record.id] : [])))
        expect([failing, failAt, [...promised.difference(ids)]]).toEqual([failing, failAt, []])
        await reopened.close()
      }
      await ledger?.close().catch(() => undefined)
    }
  })
})

describe('kill -9', () => {
  test('keeps every acknowledged record, at whatever moment it comes', async () => {
    for (const afterMs of [5, 23, 61]) {
      const folder = mkdtempSync(join(tmpdir(), 'sallyport-kill-'))
      try {
        const { pkcs8, publicKey } = await generateEd25519()
        const key = [pkcs8, publicKey].map((bytes) => Buffer.from(bytes).toString('hex'))
        const victim = fileURLToPath(new URL('./testing/kill-victim.ts', import.meta.url))
        const child = spawn(process.execPath, ['-C', 'source', victim, folder, ...key])
        const acknowledged: string[] = []
        const lines = createInterface({ input: child.stdout })
        lines.on('line', (line) => acknowledged.push(line))
        await once(lines, 'line')
        await new Promise((resolve) => setTimeout(resolve, afterMs))
        child.kill('SIGKILL')
        await once(child, 'close')
        const mine = await ed25519Signer(origin, pkcs8, publicKey)
        const ledger = await openLedger({ folder, clock: () => 9, sha256: nodeSha256, signer: mine, origin })
        const entries = await Array.fromAsync(readLedger(folder))
        const ids = new Set(entries.flatMap(({ record }) => (record.kind === 'decision' ? [record.id] : [])))
        expect(acknowledged.length).toBeGreaterThan(1)
        expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
        expect(ledger.recovery.unsettled.length).toBe(ids.size)
        await ledger.close()
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  })
})
