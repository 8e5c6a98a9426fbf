import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { endAll, makeApp, recordsOf, start, type TestApp, until } from './harness.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can mount a small disk'

let app: TestApp

before(async () => {
  app = await makeApp()
})
after(async () => {
  await endAll()
  app.remove()
})

const promise = 'on a full disk requests are refused with a code, nothing acknowledged is lost, and it recovers'

test(promise, { skip }, async () => {
  mkdirSync(app.state, { mode: 0o700 })
  // A disk of 24 MB that only this server sees, and that goes with it.
  const mount = `mount -t tmpfs -o size=24m,mode=0700 none '${app.state}' && exec "$0" "$@"`
  const server = await start(app, { inside: ['unshare', '-m', 'sh', '-c', mount] })
  const state = `/proc/${server.pid}/root${app.state}`
  const token = await app.token('alice')
  const told: string[] = []
  const keep = async (id: string): Promise<number> => {
    const request = { method: 'PUT', path: `/notes/${id}`, token, body: `text of ${id}` }
    const { status, code, headers } = await server.send(request)
    if (headers['x-sallyport-id'] !== undefined) told.push(String(headers['x-sallyport-id']))
    if (status === 503) assert.equal(code, 'gateway.unavailable')
    return status
  }
  assert.equal(await keep('before'), 200)

  const ballast = join(state, 'ballast')
  for (const chunkBytes of [1024 * 1024, 4096]) {
    assert.throws(
      () => {
        for (;;) appendFileSync(ballast, Buffer.alloc(chunkBytes))
      },
      { code: 'ENOSPC' },
    )
  }
  // The last page of the ledger's file may still have room for some records.
  await until('the ledger is full', async () => (await keep('while-full')) === 503)
  for (let more = 0; more < 5; more++) assert.equal(await keep('while-full'), 503)
  assert.match(server.stderr(), /error ledger\.full: .*disk under the ledger is full/)

  rmSync(ballast)
  await until('it serves again', async () => (await keep('after')) === 200)
  const read = async (id: string) => (await server.send({ path: `/notes/${id}`, token })).text
  assert.match(await read('before'), /text of before/)
  assert.match(await read('after'), /text of after/)
  const records = await recordsOf({ state })
  const recorded = new Set(records.flatMap((record) => (record.kind === 'decision' ? [record.id] : [])))
  assert.deepEqual(
    told.filter((id) => !recorded.has(id)),
    [],
  )
  const counted = records.some((record) => record.kind === 'gap' && record.lost > 0)
  assert.ok(counted, 'what was refused and not recorded is counted')
  assert.deepEqual(await server.stop(), { code: 143, signal: null })
})
