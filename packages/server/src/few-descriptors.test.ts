import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 })

const script = fileURLToPath(new URL('./egress/testing/few-descriptors.ts', import.meta.url))
let folder: string
let child: ChildProcess
let sockets: Socket[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-descriptors-'))
  sockets = []
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the process with so few descriptors, lets a box connect as often as it likes, and has both rooms write. */
async function flooded(mode: 'apart' | 'here'): Promise<{ readonly left: number }> {
  const words = ['--nofile=400:400', process.execPath, '-C', 'source', script, folder, mode]
  child = spawn('prlimit', words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [{ port }] = await once(child, 'message')
  let ended = 0
  for (let index = 0; index < 500; index++) {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket.on('error', () => undefined).on('close', () => (ended += 1)))
  }
  // More than there is room for: some are ended, whoever ends them.
  await expect.poll(() => ended, { timeout: 20_000 }).toBeGreaterThan(100)
  const answer = once(child, 'message')
  child.send('write')
  const [written] = await answer
  return written
}

describe('when file descriptors run short', () => {
  it("a box's connections take none of the server's, and every receipt and secret is written", async () => {
    const written = await flooded('apart')
    expect(written).toEqual({
      left: expect.any(Number),
      receipts: Array.from({ length: 6 }, () => 'done'),
      secret: 'done',
      codes: [],
      mayOpen: [true, false], // and none for a box once a hundred are left
    })
    expect(written.left).toBeGreaterThan(20)
  })

  it('both fail where a box is parsed in the same process, as control', async () => {
    expect(await flooded('here')).toMatchObject({
      left: 0,
      receipts: expect.arrayContaining([expect.stringMatching(/^ledger\./)]),
      secret: expect.not.stringMatching(/^done$/),
      codes: [],
    })
  })
})
