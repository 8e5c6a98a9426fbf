import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { DoorListeners } from '../../parser/index.ts'
import { openFolder } from '../testing/make-engine.ts'
import { areComplete, findTools, type Tools } from '../tools.ts'
import { readCoreFiles } from '../kernel/core-files.ts'
import { type BoxParser, startParser } from './parser-process.ts'
import { prepareRuntimeFolder, type RuntimeFolder } from './runtime-folder.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const uid = process.getuid?.() === 0 ? 210_996 : undefined
const place = { entrances: [], ...(uid === undefined ? {} : { uid }) }
const folder = openFolder()
// What the server has and a parser must not: its state, open to anybody here so that only the sandbox keeps it away.
const state = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
const secret = join(state, 'vault-key')
const coreLimit = String(readCoreFiles().limit)
let runtime: RuntimeFolder
let tools: Tools
let host: Server
let script: string

beforeAll(async () => {
  chmodSync(state, 0o755)
  writeFileSync(secret, 'the key of the vault', { mode: 0o644 })
  const { found } = findTools()
  if (!areComplete(found)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  tools = found
  runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  host = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await once(host, 'listening')
  script = join(folder, 'probe.cjs')
  writeFileSync(script, probe(secret, (host.address() as AddressInfo).port), { mode: 0o644 })
})
afterAll(() => {
  host.close()
  for (const each of [folder, state]) rmSync(each, { recursive: true, force: true })
})

/** Says on descriptor 4 what a process can reach: it stands for code that has taken a parser over. */
const probe = (file: string, port: number): string => `
const { connect } = require('node:net')
const { readFileSync, readdirSync, writeSync, writeFileSync } = require('node:fs')
const { spawnSync } = require('node:child_process')
const attempt = (work) => { try { return work() } catch (error) { return error.code } }
const socket = connect(${port}, '127.0.0.1')
const tell = (network) => {
  const said = {
    network,
    file: attempt(() => readFileSync(${JSON.stringify(file)}, 'utf8')),
    root: attempt(() => readdirSync('/').filter((name) => !/^lib/.test(name)).sort()),
    write: attempt(() => writeFileSync('/usr/lib/x', '')),
    shell: attempt(() => spawnSync('/bin/sh', ['-c', 'true']).error?.code ?? 'ran'),
    names: Object.keys(process.env).sort(),
    channel: process.channel === undefined ? 'none' : 'open',
  }
  writeSync(4, JSON.stringify(said))
  process.exit(0)
}
socket.once('connect', () => tell('reached')).once('error', (error) => tell(error.code))
`

async function listeners(): Promise<DoorListeners & { readonly port: number }> {
  const [http, https, dns] = [createServer(), createServer(), createSocket('udp4')]
  http.listen(0, '127.0.0.1')
  https.listen(0, '127.0.0.1')
  dns.bind(0, '127.0.0.1')
  await Promise.all([http, https, dns].map((one) => once(one, 'listening')))
  return { http, https, dns, tcp: new Map(), port: (http.address() as AddressInfo).port }
}

/** The process that parses, below the one that made its sandbox. */
function inner({ pid = 0 }: BoxParser): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return children[0] ?? pid
}

describe('the process that parses for a box', () => {
  it('reaches no file, no network and no program of the host, whoever has taken it over', async () => {
    const parser = startParser(runtime, tools, place, script)
    expect(JSON.parse(await text(parser.channel))).toEqual({
      network: 'ECONNREFUSED',
      file: 'ENOENT',
      root: ['node', 'parser.cjs', 'usr'],
      write: 'EROFS',
      shell: 'ENOENT',
      names: ['PWD'],
      channel: 'open', // until it is handed its listeners
    })
    parser.kill()
    await parser.gone
  })

  it('would reach all of it without its sandbox, as control', async () => {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit', 'ignore', 'pipe'] })
    const said: unknown = child.stdio[4]
    if (!(said instanceof Duplex)) throw new Error('no pipe')
    expect(JSON.parse(await text(said))).toMatchObject({
      network: 'reached',
      file: 'the key of the vault',
      shell: 'ran',
    })
  })

  it('has the listeners of its box, its channel and nothing else open, and no right of its own', async () => {
    const parser = startParser(runtime, tools, place)
    const { port, ...handles } = await listeners()
    await parser.serve(handles)
    const pid = inner(parser)
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const field = (name: string): string | undefined => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
    expect([field('Uid'), field('CapEff'), field('NoNewPrivs'), field('Seccomp')]).toEqual([
      String(uid ?? process.getuid?.()),
      '0000000000000000',
      '1',
      '2',
    ])
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').filter(Boolean).toSorted()).toEqual([
      'NODE_CHANNEL_FD=3',
      'PWD=/',
    ])
    // No program of the host runs over the memory of one that crashes.
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1')
    expect(/^Max core file size +(\d+) +(\d+)/m.exec(limits)?.slice(1)).toEqual([coreLimit, coreLimit])
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => [fd, readlinkSync(`/proc/${pid}/fd/${fd}`)] as const)
    const sockets = open.filter(([, target]) => target.startsWith('socket:'))
    // What it says of itself, the channel, three listeners; the other channel is closed. The rest is Node's own.
    expect(sockets.map(([fd]) => Number(fd)).filter((fd) => fd < 5)).toEqual([2, 4])
    expect(sockets).toHaveLength(5)
    const files = open.filter(([, target]) => !/^(?:socket|pipe|anon_inode):/.test(target) && target !== '/dev/null')
    const root = statSync(`/proc/${pid}/root/`)
    for (const [fd] of files) expect(statSync(`/proc/${pid}/fd/${fd}`)).toMatchObject({ dev: root.dev, ino: root.ino })
    // The server's own copies are closed: a connection now is the parser's.
    expect(handles.http.listening).toBe(false)
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
    parser.kill()
    await parser.gone
  })

  it('ends with its channel, and says why it could not begin', async () => {
    const parser = startParser(runtime, tools, place)
    const { port: _, ...handles } = await listeners()
    await parser.serve(handles)
    parser.channel.destroy()
    expect(await parser.gone).toMatchObject({ code: 0 })
    const broken = join(folder, 'broken.cjs')
    writeFileSync(broken, 'throw new Error("no parser")', { mode: 0o644 })
    const never = startParser(runtime, tools, place, broken)
    const { port: __, ...others } = await listeners()
    await expect(never.serve(others)).rejects.toMatchObject({
      code: 'host.parser',
      message: expect.stringContaining('no parser'),
    })
    expect(others.http.listening).toBe(false)
  })
})
