import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Box, closing, startBox } from '../box/box.ts'
import type { BoxSurroundings } from '../box/box-surroundings.ts'
import { boxEnvironment } from '../box/box-options.ts'
import type { FunctionImage } from '../image.ts'
import type { PodExit } from '../box/pod.ts'
import { prepareBlank, prepareBox, type PreparedBox, prestart } from '../box/prepared-box.ts'
import type { RuntimeFolder } from '../box/runtime-folder.ts'
import { nodeCommand } from '../runtime/runtimes.ts'
import { fakeParsers } from './fake-parser.ts'
import { codeFolder, imageOf, invocationOf, openFolder } from './make-engine.ts'
import { openSurroundings } from './surroundings.ts'

/** A place to run the function in: a box, or a bare process with everything else the same. */
export interface Place {
  /** Prepares, launches and asks once; the milliseconds of each. */
  start(): Promise<Started>
}

/** One running environment and what its start took. */
export interface Started {
  readonly prepareMs: number
  /** From launch until the runtime asks for its first invocation. */
  readonly loadMs: number
  readonly firstCallMs: number
  /** One call; resolves with its milliseconds when the environment is idle again. */
  call(): Promise<number>
  stop(): Promise<void>
}

/** All places, with the same function, client and runtime API. */
export interface Places {
  readonly bare: Place
  readonly boxed: Place
  /** A box whose runtime was started ahead of need, and loads the function's code when it is assigned. */
  readonly started: Place
  /** A box that belonged to no function, and got its code when it was assigned. */
  readonly blank: Place
  readonly limits: string
  close(): void
}

/** By then a runtime waits, also on a busy machine. */
const bootedAfterMs = 1_000

/** Opens all places, for a small function or the one in a folder. Throws where boxes cannot be made. */
export async function openPlaces(code?: string): Promise<Places> {
  const folder = openFolder()
  const around = await openSurroundings(folder)
  const { runtime, cgroups } = around
  const codeDir = code ?? codeFolder(folder, 'export const handler = async (event) => ({ got: event.value })')
  const image = imageOf({ codeDir })
  const uid = process.getuid?.() === 0 ? 210_899 : undefined
  const bareAround = { ...around, cgroups: undefined }
  return {
    bare: { start: () => start(image, bareAround, () => bareProcess(image, runtime)) },
    boxed: { start: () => start(image, around, () => prepareBox(image, uid, around)) },
    started: {
      start: () =>
        start(image, around, async () => {
          const prepared = await prestart(image, await prepareBox(image, uid, around), around)
          await sleep(bootedAfterMs)
          return prepared
        }),
    },
    blank: {
      start: () =>
        start(image, around, async () => {
          const prepared = await prepareBlank({ runtime: 'node', memoryMb: image.memoryMb }, '', around)
          await sleep(bootedAfterMs)
          return prepared
        }),
    },
    limits: cgroups === undefined ? 'prlimit' : `control groups v${cgroups.version}`,
    close: () => {
      around.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function start(
  image: FunctionImage,
  around: BoxSurroundings,
  prepare: () => Promise<PreparedBox>,
): Promise<Started> {
  const began = performance.now()
  const prepared = await prepare()
  const launched = performance.now()
  const { promise, resolve } = Promise.withResolvers<void>()
  await prepared.blank?.fill(image.codeDir)
  const box = startBox(image, prepared, around, { onIdle: () => resolve(), onEnd: () => resolve() })
  await promise
  const loaded = performance.now()
  return {
    prepareMs: launched - began,
    loadMs: loaded - launched,
    firstCallMs: await timedCall(box),
    call: () => timedCall(box),
    stop: async () => {
      box.kill(closing)
      await box.gone
    },
  }
}

async function timedCall(box: Box): Promise<number> {
  const started = performance.now()
  const result = await box.run(invocationOf({ value: 1 }))
  const took = performance.now() - started
  if (result.kind === 'error') throw new Error(result.message)
  while (!box.isIdle()) await new Promise((resolve) => setImmediate(resolve))
  return took
}

/** The same handshake with a process that is in no box. */
async function bareProcess(of: FunctionImage, runtime: RuntimeFolder): Promise<PreparedBox> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo // it listens on an address, not on a pipe
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
  let child: ChildProcess | undefined
  const pod: PreparedBox['pod'] = {
    pid: process.pid,
    listeners: {
      runtime: listener,
      http: createServer(),
      https: createServer(),
      dns: createSocket('udp4').unref(),
      tcp: new Map(),
    },
    stdout,
    stderr,
    gone,
    kill: () => void child?.kill('SIGKILL'),
    handOver: (text) => void child?.stdin?.end(text),
    launch: () => {
      const [program = '', ...argv] = nodeCommand(runtime.node, [runtime.inside('client.mjs')], of.memoryMb, false)
      const env = {
        ...boxEnvironment(of, { environment: {}, caPem: '' }),
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        LAMBDA_TASK_ROOT: of.codeDir,
        NODE_EXTRA_CA_CERTS: '',
      }
      const started = spawn(program, argv, { env, stdio: ['pipe', 'pipe', 'pipe'] })
      child = started
      started.stdout.pipe(stdout)
      started.stderr.pipe(stderr)
      started.once('exit', (code, signal) => resolve({ code, signal }))
    },
  }
  const parser = fakeParsers().start({ entrances: [] })
  return { id: randomBytes(8).toString('hex'), pod, parser, group: undefined, parserGroup: undefined }
}
