import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { type Inspector, openInspector } from './inspector.ts'
import { inBox } from './in-box.ts'
import type { Pod, PodExit } from './pod.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'

let folder: string
let inspector: Inspector
let occupied: Server | undefined
const ends: (() => void)[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-inspector-'))
  chmodSync(folder, 0o755)
  // In place of the program that enters a box: says which box it would have entered to whoever it is handed.
  const script = `#!${process.execPath}
process.stdin.on('end', () => process.exit(0)).resume()
process.on('message', (_, socket) => socket.end('box ' + process.argv[3]))
`
  writeFileSync(join(folder, 'enter.cjs'), script, { mode: 0o755 })
  // Whoever debugs on this machine at the moment has the usual port; we then get another.
  occupied = createServer()
  await new Promise<void>((resolve) => {
    occupied?.once('error', () => resolve()).listen(inBox.debugPort, '127.0.0.1', resolve)
  })
  const runtime = { node: process.execPath, inside: (name: string) => name } as unknown as RuntimeFolder
  inspector = await openInspector(runtime, { nsenter: join(folder, 'enter.cjs') } as unknown as Tools)
})
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await inspector.close()
  await new Promise((resolve) => occupied?.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

const port = (): number => Number(inspector.address.split(':')[1])

/** What a debugger hears before its connection ends, or how it was refused; `waits` where neither comes in time. */
function debug(host = '127.0.0.1', withinMs = 8_000): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(port(), host)
    const timer = setTimeout(() => {
      resolve('waits')
      socket.destroy()
    }, withinMs)
    socket.on('close', () => clearTimeout(timer))
    socket.on('data', (bytes) => (heard += String(bytes)))
    socket.on('error', (error: Error & { code?: string }) => (heard = error.code ?? ''))
    socket.on('close', () => resolve(heard))
  })
}

function boxOf(pid: number): { readonly pod: Pod; readonly end: () => void } {
  const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
  const end = (): void => resolve({ code: 0, signal: null })
  ends.push(end)
  return { pod: { pid, gone } as unknown as Pod, end }
}

it('a debugger gets the newest box, none before there is one, and none once it has ended', async () => {
  expect(await debug()).toMatch(/^(ECONNRESET)?$/)
  const [first, second] = [boxOf(41), boxOf(42)]
  inspector.attach(first.pod, undefined)
  expect(await debug()).toBe('box 41')
  inspector.attach(second.pod, undefined)
  first.end()
  await first.pod.gone
  expect(await debug()).toBe('box 42')
  second.end()
  await second.pod.gone
  expect(await debug()).toMatch(/^(ECONNRESET)?$/)
})

it('a debugger whose way into the box is gone is sent away, however often it comes', async () => {
  writeFileSync(
    join(folder, 'enter.cjs'),
    `#!${process.execPath}
process.exit(1)
`,
  )
  const box = boxOf(44)
  inspector.attach(box.pod, undefined)
  // Whoever came while it ended may wait for ever, as with any debugger; whoever comes afterwards may not.
  await expect.poll(() => debug('127.0.0.1', 300), { timeout: 30_000 }).toMatch(/^(ECONNRESET)?$/)
  for (let times = 0; times < 3; times++) expect(await debug('127.0.0.1', 2_000)).toMatch(/^(ECONNRESET)?$/)
})

it('a debugger is heard on the loopback address alone, on a port that is free', async () => {
  expect(port()).not.toBe(inBox.debugPort)
  const box = boxOf(43)
  inspector.attach(box.pod, undefined)
  expect(await debug()).toBe('box 43')
  expect(await debug('127.0.0.2')).toBe('ECONNREFUSED')
})
