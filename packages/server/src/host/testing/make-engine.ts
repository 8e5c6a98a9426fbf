import type { BoxEvent } from '../box/box-surroundings.ts'
import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type AccessRequest, anonymous, type Allow, type Grant, sealGrant, sealReceipt } from '@sallyport/core/access'

import { type BoxEngineOptions, createBoxEngine } from '../box-engine.ts'
import { fakeParsers } from './fake-parser.ts'
import type { Engine, OutputLine } from '../engine.ts'
import type { FunctionImage } from '../image.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import type { Runtime } from '../image.ts'

/** One connection that arrived at a door, and the invocation that was running then. */
export interface DoorContact {
  readonly boxId: string
  readonly port: 80 | 443
  readonly address: string | undefined
  readonly invocation: string | undefined
  readonly socket: Socket
}

/** An engine whose doors refuse everything and note who came, with everything it said. */
export interface EngineUnderTest {
  readonly engine: Engine
  readonly output: OutputLine[]
  readonly events: BoxEvent[]
  readonly contacts: DoorContact[]
  /** How often `endInvocation` was called. */
  readonly ended: { count: number }
  deploy(image?: Partial<FunctionImage>): Promise<FunctionImage>
  invoke(event: unknown, more?: Partial<Invocation>): Promise<InvocationResult>
  /** The parsed answer; throws what the function threw. */
  call(event: unknown, more?: Partial<Invocation>): Promise<unknown>
  close(): Promise<void>
}

/** A folder that a function's uid can reach, whoever runs the test. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-host-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Of each runtime: our file of probes → its name in the code folder. */
const probesOf: Readonly<Record<Runtime, readonly (readonly [from: string, to: string])[]>> = {
  node: [['probes.mjs', 'index.mjs']],
  workerd: [['probes-fetch.mjs', 'index.mjs']],
  python: [['probes.py', 'index.py']],
  bootstrap: [
    ['probes.py', 'index.py'],
    ['probes-bootstrap.py', 'bootstrap'],
  ],
}

/** A code folder: the probes of a runtime, or one module of Node with this `source`. */
export function codeFolder(parent: string, source?: string, runtime: Runtime = 'node'): string {
  const folder = join(parent, `code-${randomBytes(4).toString('hex')}`)
  mkdirSync(folder, { mode: 0o755 })
  if (source !== undefined) writeFileSync(join(folder, 'index.mjs'), source, { mode: 0o644 })
  for (const [from, to] of source === undefined ? probesOf[runtime] : []) {
    copyFileSync(new URL(from, import.meta.url), join(folder, to))
    chmodSync(join(folder, to), to === 'bootstrap' ? 0o755 : 0o644)
  }
  return folder
}

const testCaPem = '-----BEGIN CERTIFICATE-----\n'

/** Starts an engine in a folder of its own; `close` removes both. */
export async function makeEngine(
  options: Partial<BoxEngineOptions> & {
    readonly hold?: boolean
    readonly runtime?: Runtime
    /** Keeps boxes that belong to no function yet. */
    readonly reserve?: boolean
    /** Real parsers in processes of their own, for doors that are real. */
    readonly parsers?: boolean
  } = {},
): Promise<EngineUnderTest> {
  const folder = openFolder()
  const output: OutputLine[] = []
  const events: BoxEvent[] = []
  const contacts: DoorContact[] = []
  const ended = { count: 0 }
  const parsers = fakeParsers()
  const engine = await createBoxEngine({
    runtimeDir: join(folder, 'runtime'),
    execPath: process.execPath,
    ...(options.parsers === true ? {} : { startParser: parsers.start }),
    attachExits: ({ boxId, channel, current }) => {
      const { http, https } = parsers.listenersOf(channel)
      for (const [port, server] of [
        [80, http],
        [443, https],
      ] as const) {
        server.on('connection', (socket) => {
          socket.on('error', () => socket.destroy())
          contacts.push({ boxId, port, address: socket.localAddress, invocation: current()?.id, socket })
          if (options.hold === true) socket.on('data', () => socket.write('heard')).write('held')
          else socket.destroy()
        })
      }
      const mine = (): void =>
        contacts.filter((contact) => contact.boxId === boxId).forEach(({ socket }) => socket.destroy())
      const endInvocation = (): Promise<void> => {
        ended.count += 1
        mine()
        return Promise.resolve()
      }
      return { endInvocation, close: mine }
    },
    boxExtras: () => ({ environment: {}, caPem: testCaPem }),
    ...(options.reserve === true ? { caPem: () => testCaPem } : {}),
    onOutput: (line) => void output.push(line),
    onEvent: (event) => void events.push(event),
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    ...options,
  })
  const deploy = async (image: Partial<FunctionImage> = {}): Promise<FunctionImage> => {
    const runtime = image.runtime ?? options.runtime ?? 'node'
    const whole = imageOf({ codeDir: image.codeDir ?? codeFolder(folder, undefined, runtime), runtime, ...image })
    await engine.deploy([whole])
    return whole
  }
  const invoke = (event: unknown, more: Partial<Invocation> = {}): Promise<InvocationResult> =>
    engine.invoke(invocationOf(event, more))
  return {
    engine,
    output,
    events,
    contacts,
    ended,
    deploy,
    invoke,
    call: async (event, more) => {
      const result = await invoke(event, more)
      if (result.kind === 'error') throw new Error(`${result.code}: ${result.message}`)
      return JSON.parse(Buffer.from(result.body).toString('utf8'))
    },
    close: async () => {
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function imageOf(image: Partial<FunctionImage> & Pick<FunctionImage, 'codeDir'>): FunctionImage {
  return {
    name: 'probe',
    zone: 'test',
    arn: 'arn:sallyport:function:app:test:probe',
    codeDigest: randomBytes(32).toString('hex'),
    runtime: 'node',
    handler: 'index.handler',
    shape: 'handler',
    environment: {},
    timeoutMs: 8_000,
    memoryMb: 192,
    reuse: 'user',
    maxBoxes: 2,
    warmBoxes: 0,
    ...image,
  }
}

export function invocationOf(event: unknown, more: Partial<Invocation> = {}): Invocation {
  return {
    id: randomBytes(16).toString('hex'),
    transaction: randomBytes(16).toString('hex'),
    decision: randomBytes(16).toString('hex'),
    functionName: 'probe',
    actors: [],
    deadline: Date.now() + 20_000,
    grant: openGrant(),
    event: Buffer.from(JSON.stringify(event)),
    affinity: 'alice',
    ...more,
  }
}

/** The gate, not the engine, checks grants; these tests stand behind the gate. */
function openGrant(): Grant {
  const id = 'd'.repeat(32)
  const asked: AccessRequest = {
    id,
    transaction: 't'.repeat(32),
    subject: anonymous,
    action: 'sallyport:InvokeFunction',
    resource: 'arn:sallyport:function:app:test:probe',
    context: {},
    actors: [],
  }
  const decision: Allow = { effect: 'allow', id, asked: [asked], reasons: [] }
  const receipt = sealReceipt({ decision: id, leafIndex: 0n, durability: 'written' })
  return sealGrant({ decision, receipt, expiresAt: Date.now() + 60_000, epochs: new Map() })
}
