import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

import { afterAll, expect, test, vi } from 'vitest'

import { sandboxed } from '../kernel/abandoned.ts'
import { isAlive } from '../kernel/alive.ts'
import { readCoreFiles } from '../kernel/core-files.ts'
import { seccompFilter } from '../kernel/seccomp.ts'
import { createPod, descriptors, type Pod, type PodOptions } from './pod.ts'
import { prepareRuntimeFolder } from './runtime-folder.ts'
import { firstBelow, held, ownTools } from '../testing/abandoned.ts'
import { openFolder } from '../testing/make-engine.ts'
import { areComplete, findTools } from '../tools.ts'

const folder = openFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('every pod is made while the server is busy: none is given up for a socket that was on its way', async () => {
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  let left = 36
  const makeSome = async (): Promise<void> => {
    while (left-- > 0) {
      const pod = await createPod({ runtime, tools, ...(process.getuid?.() === 0 ? { uid: 900_001 } : {}) })
      pod.kill()
      await pod.gone
      // Busy for a moment, so that the end of one process and the last of what it sent are heard in one go.
      for (const until = performance.now() + 15; performance.now() < until;);
    }
  }
  await expect(Promise.all(Array.from({ length: 6 }, makeSome))).resolves.toHaveLength(6)
}, 120_000)

async function open(more: Partial<PodOptions> = {}): Promise<Pod> {
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  return createPod({ runtime, tools, ...(process.getuid?.() === 0 ? { uid: 900_001 } : {}), ...more })
}

/** Launches a shell in place of a box. */
const launch = (pod: Pod, script: string, spec?: string): void =>
  pod.launch({ command: ['/bin/bash', '-c', script], options: [], file: '', ...(spec === undefined ? {} : { spec }) })

test('a pod has the filter of system calls at hand, or else what its container is', async () => {
  const [filtered, contained] = [await open(), await open({ filtered: false })]
  launch(filtered, 'cat <&5')
  launch(contained, 'cat <&5', 'the specification')
  const [filter, specification] = await Promise.all([buffer(filtered.stdout), buffer(contained.stdout)])
  expect(filter.equals(seccompFilter(process.arch) ?? Buffer.alloc(0))).toBe(true)
  expect(String(specification)).toBe('the specification')
  for (const pod of [filtered, contained]) {
    pod.kill()
    await pod.gone
  }
}, 60_000)

test('what is killed is the box while it runs, and nobody else who has its number later', async () => {
  const [first, second] = [spawn('/bin/cat'), spawn('/bin/cat')]
  const [running, over] = [await open(), await open()]
  const says = ({ pid }: ChildProcess): string => `echo '"child-pid": ${pid}' >&3`
  launch(running, `${says(first)}; echo; sleep 60`)
  await once(running.stdout, 'data')
  const killed = once(first, 'exit')
  running.kill()
  expect(await killed, 'control').toEqual([null, 'SIGKILL'])
  launch(over, says(second))
  await over.gone
  over.kill()
  // Who has been killed reads nothing more, however busy the machine is.
  const answered = Promise.race([once(second.stdout, 'data').then(String), once(second, 'exit')])
  second.stdin.on('error', () => undefined).write('lives')
  expect(await answered).toBe('lives')
  second.kill('SIGKILL')
  await running.gone
}, 60_000)

test('a pod listens on the further ports that it is asked for, on no others, and has its bounds', async () => {
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const pod = await open({ ports: [5432, 6379] })
  const { tcp } = pod.listeners
  const limits = readFileSync(`/proc/${pod.pid}/limits`, 'utf8')
  const within = ['-t', String(pod.pid), '-U', '--preserve-credentials', '--', 'cat']
  const watches = execFileSync(tools.nsenter, [...within, '/proc/sys/user/max_inotify_watches'], { encoding: 'utf8' })
  const ports = [...tcp].map(([port, server]) => [port, (server.address() as { port: number }).port]) // listening, so
  pod.kill()
  await pod.gone
  expect(ports).toEqual([
    [5432, 5432],
    [6379, 6379],
  ])
  // What every box may have of the kernel holds from the pod on.
  const bounds = ['open files', 'core file size', 'locked memory', 'msgqueue size']
  const boundOf = (what: string): unknown => new RegExp(`^Max ${what} +(\\d+) +(\\d+) `, 'm').exec(limits)?.slice(1)
  const coreLimit = String(readCoreFiles().limit)
  expect(bounds.map(boundOf)).toEqual([
    ['1024', '1024'],
    [coreLimit, coreLimit],
    ['65536', '65536'],
    ['0', '0'],
  ])
  expect(Number(watches)).toBeLessThanOrEqual(8_192)
})

/** A bubblewrap that has made its sandbox's first process, and waits with the word that this waits for. */
async function halfMade(saidTo: number): Promise<{ readonly pod: Pod; readonly first: number }> {
  const tools = ownTools(folder)
  const pod = await open({ tools })
  pod.launch({
    command: [...sandboxed(tools.bwrap, descriptors.options), '/bin/true'],
    options: ['--unshare-uts', ...held(0, saidTo)],
    file: '',
  })
  const first = await firstBelow(pod.pid)
  begun.push(first)
  return { pod, first }
}

const begun: number[] = []
afterAll(() => {
  for (const pid of begun) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
})

test.each([
  ['told', descriptors.status],
  ['not told yet', 2],
])(
  'who is first in a box ends with who watches over it, before the word that it waits for, its number %s',
  async (_, saidTo) => {
    const [killed, other] = [await halfMade(saidTo), await halfMade(saidTo)]
    process.kill(killed.pod.pid, 'SIGKILL')
    await killed.pod.gone
    await vi.waitFor(() => expect(isAlive(killed.first)).toBe(false), { timeout: 5_000 })
    expect(isAlive(other.first), 'of one that lives').toBe(true)
    other.pod.kill()
    await other.pod.gone
    await vi.waitFor(() => expect(isAlive(other.first)).toBe(false), { timeout: 5_000 })
  },
  60_000,
)
