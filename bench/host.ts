import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'

import { type Box, type BoxSurroundings, prepareBox, type PreparedBox, startBox } from '../packages/server/src/host/box.ts'
import { boxEnvironment, nodeCommand } from '../packages/server/src/host/box-options.ts'
import { findCgroups, removeEngineGroups } from '../packages/server/src/host/cgroups.ts'
import type { FunctionImage } from '../packages/server/src/host/engine.ts'
import type { PodExit } from '../packages/server/src/host/pod.ts'
import { prepareRuntimeFolder } from '../packages/server/src/host/runtime-folder.ts'
import { codeFolder, imageOf, invocationOf, openFolder } from '../packages/server/src/host/testing/make-engine.ts'
import { areComplete, findTools } from '../packages/server/src/host/tools.ts'

// What a box costs: the same runtime client, the same runtime API and the same function, in a box and in a bare
// process of the same Node. Rounds alternate, so that a busy machine disturbs both alike.

const coldRounds = 12
const warmRounds = 2_000
const warmUp = 300

const { found: tools } = findTools()
if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
const folder = openFolder()
const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
const cgroups = findCgroups()
const engineId = `sallyport-${process.pid}-bench`
const image = imageOf({ codeDir: codeFolder(folder, 'export const handler = async (event) => ({ got: event.value })') })
const uid = process.getuid?.() === 0 ? 210_999 : undefined

const surroundings: BoxSurroundings = {
  engineId, runtime, tools, cgroups,
  attachExits: () => ({ endInvocation: () => undefined, close: () => undefined }),
  boxExtras: () => ({ environment: {}, caPem: '' }),
  onOutput: () => undefined,
  onEvent: () => undefined,
  clock: Date.now,
  random: (bytes) => randomBytes(bytes),
}

interface Kind {
  readonly name: string
  readonly prepare: () => Promise<PreparedBox>
  readonly around: BoxSurroundings
}
const bare: Kind = { name: 'bare process', prepare: () => bareProcess(image), around: { ...surroundings, cgroups: undefined } }
const boxed: Kind = { name: 'box', prepare: () => prepareBox(image, uid, surroundings), around: surroundings }

/** Milliseconds from launch to idle, and from there to the first answer. */
async function start({ prepare, around }: Kind): Promise<{ box: Box; loadMs: number; firstMs: number; podMs: number }> {
  const podStart = performance.now()
  const made = await prepare()
  const launched = performance.now()
  const { promise, resolve } = Promise.withResolvers<void>()
  const box = startBox(image, made, around, { onIdle: () => resolve(), onEnd: () => resolve() })
  await promise
  const loaded = performance.now()
  await call(box)
  return { box, podMs: launched - podStart, loadMs: loaded - launched, firstMs: performance.now() - loaded }
}

async function call(box: Box): Promise<void> {
  const result = await box.run(invocationOf({ value: 1 }))
  if (result.kind === 'error') throw new Error(result.message)
  while (!box.isIdle()) await new Promise((resolve) => setImmediate(resolve))
}

async function stop(box: Box): Promise<void> {
  box.kill('no longer needed')
  await box.gone
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, limits by ${cgroups ? `control groups v${cgroups.version}` : 'prlimit'}`)
const cold = new Map<Kind, { made: number[]; first: number[]; pod: number[] }>([bare, boxed].map((kind) => [kind, { made: [], first: [], pod: [] }]))
for (let round = 0; round < coldRounds; round++) {
  for (const [kind, times] of cold) {
    const { box, podMs, loadMs, firstMs } = await start(kind)
    times.pod.push(podMs)
    times.made.push(loadMs + firstMs)
    times.first.push(firstMs)
    await stop(box)
  }
}
row('', 'bare ms', 'box ms', 'ratio', 'target')
compare('cold start to first answer, pod prepared', (kind) => median(cold.get(kind)?.made), '1.10')
compare('first answer of a pre-warmed one', (kind) => median(cold.get(kind)?.first), 'box ≤ 10 ms')
row('preparing a pod, off the path', '-', median(cold.get(boxed)?.pod).toFixed(2), '-', '-')

const warm = new Map<Kind, number[]>()
const boxes = new Map<Kind, Box>()
for (const kind of [bare, boxed]) boxes.set(kind, (await start(kind)).box)
for (let round = -warmUp; round < warmRounds; round++) {
  for (const [kind, box] of boxes) {
    const started = performance.now()
    await box.run(invocationOf({ value: round }))
    if (round >= 0) warm.set(kind, [...(warm.get(kind) ?? []), performance.now() - started])
    while (!box.isIdle()) await new Promise((resolve) => setImmediate(resolve))
  }
}
compare(`warm invocation, p50 of ${warmRounds}`, (kind) => median(warm.get(kind)), '1.05')
compare('warm invocation, p99', (kind) => quantile(warm.get(kind), 0.99), '-')

for (const box of boxes.values()) await stop(box)
if (cgroups !== undefined) removeEngineGroups(cgroups, engineId)
rmSync(folder, { recursive: true, force: true })

function compare(name: string, of: (kind: Kind) => number, target: string): void {
  row(name, of(bare).toFixed(3), of(boxed).toFixed(3), (of(boxed) / of(bare)).toFixed(2), target)
}

function row(name: string, ...cells: readonly string[]): void {
  console.log([name.padEnd(44), ...cells.map((cell) => cell.padStart(10))].join(' '))
}

function median(times: readonly number[] | undefined): number {
  return quantile(times, 0.5)
}

function quantile(times: readonly number[] = [], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN
}

/** The positive control: the same handshake with a process that is in no box. */
async function bareProcess(of: FunctionImage): Promise<PreparedBox> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo // it listens on an address, not on a pipe
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
  let child: ChildProcess | undefined
  const pod: PreparedBox['pod'] = {
    pid: process.pid,
    listeners: { runtime: listener, http: createServer(), https: createServer(), dns: createSocket('udp4').unref() },
    stdout,
    stderr,
    gone,
    kill: () => void child?.kill('SIGKILL'),
    launch: ({ handover }) => {
      const [program = '', ...argv] = nodeCommand(runtime.node, runtime.inside('client.mjs'), of.memoryMb, false)
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
      started.stdin.end(handover)
      started.once('exit', (code, signal) => resolve({ code, signal }))
    },
  }
  return { id: randomBytes(8).toString('hex'), pod, group: undefined }
}
