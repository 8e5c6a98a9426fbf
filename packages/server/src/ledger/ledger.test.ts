import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type DecisionRecord, isReceipt, type LedgerRecord, type OutcomeRecord } from '@sallyport/core/access'
import { generateEd25519, ed25519Signer, type NoteSigner } from '@sallyport/core/ledger'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { followLedger, type Ledger, type LedgerOptions, nodeSha256, openLedger, readLedger } from './index.ts'

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

function decision(id: string, fields: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    kind: 'decision',
    id,
    at: 1,
    door: 'ingress',
    transaction: `t-${id}`,
    subject: 'arn:sallyport:identity:checkout::user/alice',
    subjectName: 'alice',
    actors: [],
    effect: 'allow',
    reasons: [],
    asked: [{ action: 'sallyport:CallRoute', resource: 'arn:sallyport:route:a:public:storefront/POST /checkout' }],
    context: {},
    durability: 'written',
    manifest: 'digest',
    isolation: 'box hard',
    ...fields,
  }
}

function outcome(of: string): OutcomeRecord {
  return { kind: 'outcome', at: 2, decision: of, transaction: `t-${of}`, outcome: 'done' }
}

async function records(): Promise<LedgerRecord[]> {
  return (await Array.fromAsync(readLedger(folder))).map(({ record }) => record)
}

describe('a ledger', () => {
  test('gives a receipt for a decision, and the decision can be read while the server runs', async () => {
    const ledger = await open()
    const receipt = await ledger.record(decision('a', { durability: 'synced' }))
    expect(isReceipt(receipt)).toBe(true)
    expect(receipt).toMatchObject({ decision: 'a', leafIndex: 0n, durability: 'synced' })
    expect(await records()).toEqual([decision('a', { durability: 'synced' })])
  })

  test('numbers records in the order in which they were given, whatever their durability', async () => {
    const ledger = await open()
    const indexes = await Promise.all(
      Array.from({ length: 200 }, (_, n) => ledger.append(outcome(`${n}`), n % 3 === 0 ? 'synced' : 'written')),
    )
    expect(indexes).toEqual(Array.from({ length: 200 }, (_, n) => BigInt(n)))
    expect(await records()).toEqual(Array.from({ length: 200 }, (_, n) => outcome(`${n}`)))
    const late = await Array.fromAsync(readLedger(folder, { from: 198n }))
    expect(late.map(({ leafIndex }) => leafIndex)).toEqual([198n, 199n])
  })

  test('goes on where the last server stopped, over many segments', async () => {
    const first = await open({ segmentBytes: 400 })
    for (let n = 0; n < 12; n++) await first.append(outcome(`${n}`), 'synced')
    await first.close()
    expect(readdirSync(folder).filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(2)
    const replayed: [bigint, LedgerRecord][] = []
    const replay = (record: LedgerRecord, leafIndex: bigint): unknown => replayed.push([leafIndex, record])
    const second = await open({ segmentBytes: 400, replay })
    expect(replayed).toEqual(Array.from({ length: 12 }, (_, n) => [BigInt(n), outcome(`${n}`)]))
    expect(second.recovery).toEqual({ records: 12n, truncatedBytes: 0, unsettled: [] })
    expect(await second.append(outcome('12'), 'synced')).toBe(12n)
    expect(await records()).toHaveLength(13)
  })

  test('keeps text that would break a line-based log', async () => {
    const ledger = await open()
    const hostile = 'alice\n{"kind":"gap"}|=\\\u0000\u2028é😀'
    await ledger.record(decision('a', { subjectName: hostile, effect: 'deny' }))
    expect(await records()).toMatchObject([{ subjectName: hostile }])
  })

  test('refuses a record that is larger than an entry may be, and goes on', async () => {
    const ledger = await open()
    const large = decision('a', { context: { big: 'x'.repeat(70_000) } })
    await expect(ledger.record(large)).rejects.toMatchObject({ code: 'ledger.record_too_large' })
    expect((await ledger.record(decision('b'))).leafIndex).toBe(0n)
  })

  test('refuses every append after close', async () => {
    const ledger = await open()
    await ledger.close()
    await expect(ledger.append(outcome('a'), 'written')).rejects.toMatchObject({ code: 'ledger.closed' })
  })

  test('keeps its files from other users', async () => {
    await open()
    expect(statSync(folder).mode & 0o077).toBe(0)
    for (const name of readdirSync(folder)) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0])
  })

  test('is followed record by record until told to stop', async () => {
    const ledger = await open({ segmentBytes: 300 })
    const stop = new AbortController()
    const seen: bigint[] = []
    const following = (async () => {
      for await (const { leafIndex } of followLedger(folder, { signal: stop.signal, pollMs: 5 })) {
        seen.push(leafIndex)
        if (leafIndex === 9n) stop.abort()
      }
    })()
    for (let n = 0; n < 10; n++) await ledger.append(outcome(`${n}`), 'written')
    await following
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => BigInt(n)))
  })
})

describe('on opening', () => {
  test('names the process that holds the ledger already', async () => {
    await open()
    await expect(open()).rejects.toMatchObject({ code: 'ledger.locked', fix: `kill ${process.pid}` })
    await opened[0]?.close()
    await open()
  })

  test('reports allowed decisions without an outcome, and writes that theirs is unknown', async () => {
    const first = await open()
    await first.record(decision('settled'))
    await first.record(decision('open'))
    await first.record(decision('refused', { effect: 'deny' }))
    await first.append(outcome('settled'), 'written')
    await first.close()
    const second = await open()
    expect(second.recovery.unsettled).toEqual([{ decision: 'open', transaction: 't-open' }])
    expect((await records()).slice(4)).toEqual([
      { kind: 'outcome', at: 1000, decision: 'open', transaction: 't-open', outcome: 'unknown' },
      expect.objectContaining({ kind: 'lifecycle', event: 'recovered' }),
    ])
    await second.close()
    expect((await open()).recovery.unsettled).toEqual([])
  })

  test('cuts off a torn write at any byte and keeps every whole record', async () => {
    const first = await open()
    await first.append(outcome('a'), 'synced')
    await first.close()
    const segment = join(folder, '00000000.seg')
    const whole = statSync(segment).size
    const bytes = readFileSync(segment)
    for (const torn of [1, 4, 12, 13, 14, whole - 1]) {
      writeFileSync(segment, Buffer.concat([bytes, bytes.subarray(0, torn)]))
      const ledger = await open()
      expect(ledger.recovery).toMatchObject({ records: 1n, truncatedBytes: torn })
      expect(await records()).toEqual([outcome('a'), expect.objectContaining({ event: 'recovered' })])
      await ledger.close()
      // Back to the state with one record, checkpoint included.
      rmSync(folder, { recursive: true })
      const again = await open()
      await again.append(outcome('a'), 'synced')
      await again.close()
    }
  })

  test('refuses a ledger that is shorter than what was signed', async () => {
    const first = await open()
    for (const id of ['a', 'b']) await first.append(outcome(id), 'synced')
    await first.close()
    const segment = join(folder, '00000000.seg')
    const before = readFileSync(segment)
    truncateSync(segment, before.length / 2)
    await expect(open()).rejects.toMatchObject({ code: 'ledger.forked' })
    expect(statSync(segment).size).toBe(before.length / 2)
    writeFileSync(segment, before)
    expect((await open()).recovery.records).toBe(2n)
  })

  test('refuses a ledger whose records were replaced by others, well framed', async () => {
    const first = await open()
    await first.append(outcome('a'), 'synced')
    await first.close()
    const other = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'))
    try {
      const forged = await openLedger({ folder: other, clock: () => 1, sha256: nodeSha256, signer, origin })
      await forged.append(outcome('b'), 'synced')
      await forged.close()
      writeFileSync(join(folder, '00000000.seg'), readFileSync(join(other, '00000000.seg')))
      await expect(open()).rejects.toMatchObject({ code: 'ledger.forked' })
      // The control: with the checkpoint that belongs to them the same records are accepted.
      writeFileSync(join(folder, 'checkpoint'), readFileSync(join(other, 'checkpoint')))
      await open()
    } finally {
      rmSync(other, { recursive: true })
    }
  })

  test('refuses a checkpoint that is missing, unsigned, or of another log', async () => {
    const first = await open()
    await first.append(outcome('a'), 'synced')
    await first.close()
    const checkpoint = join(folder, 'checkpoint')
    const before = readFileSync(checkpoint)
    writeFileSync(checkpoint, before.toString().replace('\n1\n', '\n0\n'))
    await expect(open()).rejects.toMatchObject({ code: 'ledger.forked' })
    rmSync(checkpoint)
    await expect(open()).rejects.toMatchObject({ code: 'ledger.forked' })
    writeFileSync(checkpoint, before)
    await expect(open({ origin: 'sallyport.local/other' })).rejects.toMatchObject({ code: 'ledger.forked' })
    const { pkcs8, publicKey } = await generateEd25519()
    const stranger = await ed25519Signer(origin, pkcs8, publicKey)
    // Whoever lost the key must not be told to move the ledger away as well.
    await expect(open({ signer: stranger })).rejects.toThrow(/of another key.*restore the whole state folder/)
    await open()
  })

  test('refuses damage with intact records behind it, and a missing segment', async () => {
    const first = await open({ segmentBytes: 300 })
    for (let n = 0; n < 12; n++) await first.append(outcome(`${n}`), 'synced')
    await first.close()
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.seg'))
      .toSorted()
    for (const name of [names[0] ?? '', names.at(-1) ?? '']) {
      const before = readFileSync(join(folder, name))
      const damaged = Buffer.from(before)
      damaged[20] = (damaged[20] ?? 0) ^ 1
      writeFileSync(join(folder, name), damaged)
      await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/^ledger\.(damaged|forked)$/) })
      writeFileSync(join(folder, name), before)
    }
    const gone = readFileSync(join(folder, names[1] ?? ''))
    rmSync(join(folder, names[1] ?? ''))
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      fix: expect.stringMatching(/^mv \S+ \S+\.damaged-\d+$/),
    })
    writeFileSync(join(folder, names[1] ?? ''), gone)
    await open()
  })
})
