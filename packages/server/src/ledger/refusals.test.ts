import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { OutcomeRecord, SallyportError } from '@sallyport/core/access'
import { ed25519Signer, generateEd25519, type NoteSigner, signNote } from '@sallyport/core/ledger'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import { followLedger, type Ledger, type LedgerStore, nodeSha256, openLedger, readLedger } from './index.ts'
import { lockFolder } from './lock.ts'
import { createMemoryStore, type LedgerStoreStep } from './testing/memory-store.ts'

const origin = 'sallyport.local/test'
let signer: NoteSigner
let folder: string

beforeAll(async () => {
  const { pkcs8, publicKey } = await generateEd25519()
  signer = await ed25519Signer(origin, pkcs8, publicKey)
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (store?: LedgerStore): Promise<Ledger> =>
  openLedger({
    folder,
    clock: () => 5,
    sha256: nodeSha256,
    signer,
    origin,
    retryMs: 5,
    ...(store === undefined ? {} : { store }),
  })
const outcome = (of: string): OutcomeRecord => ({
  kind: 'outcome',
  at: 2,
  decision: of,
  transaction: 't',
  outcome: 'done',
})
const lifecycle = { kind: 'lifecycle', at: 1, event: 'start', detail: '' } as const

/** A store in memory of which some steps fail. */
function failing(fails: Set<LedgerStoreStep>, from?: LedgerStore): LedgerStore {
  const initial = new Map((from?.names() ?? []).map((name) => [name, from?.read(name) ?? new Uint8Array()]))
  return createMemoryStore((step) => {
    if (fails.has(step)) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return undefined
  }, initial)
}

test('a checkpoint that could not be stored is none', async () => {
  const fails = new Set<LedgerStoreStep>()
  const ledger = await open(failing(fails))
  await ledger.append(outcome('a'), 'synced')
  fails.add('replace')
  await expect(ledger.checkpoint()).rejects.toMatchObject({ code: 'ledger.checkpoint_failed' })
  fails.clear()
  expect((await ledger.checkpoint()).size).toBe(1n)
  await ledger.close()
})

test('a ledger that cannot write down what its last process left open is not opened', async () => {
  const store = createMemoryStore()
  const first = await open(store)
  await first.append(outcome('a'), 'synced')
  await first.close()
  const segment = store.read('00000000.seg') ?? new Uint8Array()
  await store.replace('00000000.seg', Buffer.concat([segment, segment.subarray(0, -1)]))
  await expect(open(failing(new Set(['write']), store))).rejects.toMatchObject({ code: 'ledger.full' })
  await (await open(failing(new Set(), store))).close()
})

test('an outcome that waits for room waits over more than one try', async () => {
  let full = true
  let tries = 0
  const store = createMemoryStore((step) => {
    if (step !== 'write' || !full) return undefined
    tries += 1
    full = tries < 4
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  })
  const ledger = await open(store)
  expect(await ledger.append(outcome('a'), 'written')).toBe(0n)
  expect(tries).toBe(4)
  await ledger.close()
})

test('what waits for room is refused once the end of the file is unknown', async () => {
  const fails = new Set<LedgerStoreStep>(['write'])
  const ledger = await open(failing(fails))
  const codeOf = (appended: Promise<bigint>): Promise<unknown> => appended.catch(({ code }: SallyportError) => code)
  const waiting = codeOf(ledger.append(outcome('a'), 'written'))
  await new Promise((resolve) => setImmediate(resolve))
  fails.add('truncate')
  expect(await waiting).toBe('ledger.unavailable')
  fails.clear()
  expect(await codeOf(ledger.append(lifecycle, 'written'))).toBe('ledger.unavailable')
  await ledger.close().catch(() => undefined)
})

test('a file that takes no byte more is full, and is not tried without end', async () => {
  let isStuck = true
  const store = createMemoryStore((step) => {
    if (step !== 'write' || !isStuck) return undefined
    isStuck = false
    return 0
  })
  const ledger = await open(store)
  await expect(ledger.append(lifecycle, 'written')).rejects.toMatchObject({ code: 'ledger.unavailable' })
  await ledger.append(lifecycle, 'written')
  await ledger.close()
})

test('a segment that is named and gone is damage', async () => {
  const store = createMemoryStore()
  await (await open(store)).close()
  const read = (name: string): Uint8Array | undefined => (name.endsWith('.seg') ? undefined : store.read(name))
  await expect(open({ ...store, read })).rejects.toMatchObject({ code: 'ledger.damaged' })
  await (await open(store)).close()
})

test('a note of our own key that is no checkpoint opens no ledger, and nobody is told to move it away', async () => {
  await (await open()).close()
  writeFileSync(join(folder, 'checkpoint'), await signNote(nodeSha256, 'a note\n', signer))
  await expect(open()).rejects.toMatchObject({ code: 'ledger.forked', fix: undefined })
})

test('what is there and cannot be read is not taken for what is not there', async () => {
  symlinkSync(join(folder, '00000000.seg'), join(folder, '00000000.seg'))
  await expect(Array.fromAsync(readLedger(folder))).rejects.toMatchObject({ code: 'ELOOP' })
  rmSync(join(folder, '00000000.seg'))
  expect(await Array.fromAsync(readLedger(folder)), 'control').toEqual([])
  symlinkSync(join(folder, 'checkpoint'), join(folder, 'checkpoint'))
  await expect(open()).rejects.toMatchObject({ code: 'ledger.unavailable' })
  rmSync(join(folder, 'checkpoint'))
  await (await open()).close()
})

test('a lock that cannot be taken is held by nobody, and no process is to be ended for it', () => {
  writeFileSync(join(folder, 'lock'), 'no database, by any reading of it'.repeat(40))
  expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'ledger.unavailable' }))
  rmSync(join(folder, 'lock'))
  lockFolder(folder)()
})

test('whoever follows hears nothing more once they have ended it', async () => {
  const ledger = await open()
  for (const id of ['a', 'b', 'c']) await ledger.append(outcome(id), 'written')
  const stop = new AbortController()
  const seen: bigint[] = []
  for await (const { leafIndex } of followLedger(folder, { signal: stop.signal, pollMs: 5 })) {
    seen.push(leafIndex)
    if (leafIndex === 1n) stop.abort()
  }
  expect(seen).toEqual([0n, 1n])
  await ledger.close()
})
