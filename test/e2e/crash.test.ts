import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { LedgerRecord } from '@sallyport/core/access'

import { footprintOf } from './footprint.ts'
import { endAll, makeApp, recordsOf, type RunningServer, start, type TestApp, until, untilGone } from './harness.ts'

const rounds = 6
const writers = ['alice', 'bob', 'carol'] as const

let app: TestApp
const tokens = new Map<string, string>()

before(async () => {
  app = await makeApp()
  for (const writer of writers) tokens.set(writer, await app.token(writer))
})
afterEach(endAll)
after(() => app.remove())

/** What a client was told: which decision, and whether its row was written. */
interface Acknowledged {
  readonly decision: string
  readonly writer: string
  readonly id: string
  readonly written: boolean
}

/** The same moments on every machine and every run (a linear congruential generator; Knuth's constants). */
function moments(seed: bigint): () => number {
  let state = seed
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number(state >> 40n) / 2 ** 24
  }
}

test(`kill -9 at ${rounds} moments loses no record and no row that a client was told of`, async () => {
  const moment = moments(20261122n)
  const told: Acknowledged[] = []
  let server = await start(app)
  let openRounds = 0
  for (let round = 0; round < rounds; round++) {
    const known = told.length
    const clients = writers.map((writer) => keepWriting(server, writer, round, told))
    await until('the first rows', () => told.slice(known).some(({ written }) => written))
    await sleep(moment() * 400)
    const footprint = footprintOf(server.pid)
    process.kill(server.pid, 'SIGKILL')
    await Promise.all([server.ended, ...clients])

    await untilGone(footprint)
    const records = await recordsOf(app)
    const recorded = new Set(records.flatMap((record) => (record.kind === 'decision' ? [record.id] : [])))
    const lost = told.filter(({ decision }) => !recorded.has(decision))
    assert.deepEqual(lost, [], `round ${round}: acknowledged and not in the ledger`)

    const open = openDecisions(records)
    server = await start(app)
    // It says what it found, and no more than that.
    if (open.length === 0) assert.doesNotMatch(server.stdout(), /an unknown outcome/)
    else {
      const counted = open.length === 1 ? 'one decision has' : `${open.length} decisions have`
      assert.match(server.stdout(), new RegExp(`found +(?:cut \\d+ bytes .*; )?${counted}`))
    }
    if (open.length > 0) openRounds += 1
    const settled = await recordsOf(app)
    assert.deepEqual(openDecisions(settled), [], `round ${round}: an outcome was left open`)
  }
  assert.ok(openRounds > 0, 'no kill hit a request that was under way, so nothing was shown')

  const written = told.filter(({ written: kept }) => kept)
  assert.ok(written.length >= rounds, 'too few rows were written to show anything')
  for (const { writer, id } of written) {
    const { status, text } = await server.send({ path: `/notes/${id}`, token: tokens.get(writer) ?? '' })
    assert.equal(status, 200)
    assert.match(text, new RegExp(`text of ${id}`), `a row that ${writer} was told of is gone: ${id}`)
  }
  await server.stop()
  process.stdout.write(`${told.length} answers over ${rounds} kills, ${openRounds} of which hit open decisions\n`)
})

/** Writes one row after the other until the server is gone. */
async function keepWriting(server: RunningServer, writer: string, round: number, told: Acknowledged[]): Promise<void> {
  for (let number = 0; ; number++) {
    const id = `${writer}-${round}-${number}`
    const request = { method: 'PUT', path: `/notes/${id}`, token: tokens.get(writer) ?? '', body: `text of ${id}` }
    try {
      const { status, headers } = await server.send(request)
      told.push({ decision: String(headers['x-sallyport-id']), writer, id, written: status === 200 })
    } catch {
      return // killed; what this request was told is nothing
    }
  }
}

function openDecisions(records: readonly LedgerRecord[]): readonly string[] {
  const settled = new Set(records.flatMap((record) => (record.kind === 'outcome' ? [record.decision] : [])))
  return records.flatMap((record) =>
    record.kind === 'decision' && record.effect === 'allow' && !settled.has(record.id) ? [record.id] : [],
  )
}
