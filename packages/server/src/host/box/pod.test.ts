import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { readCoreFiles } from '../kernel/core-files.ts'
import { createPod } from './pod.ts'
import { prepareRuntimeFolder } from './runtime-folder.ts'
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

test('a pod listens on the further ports that it is asked for, on no others, and has its bounds', async () => {
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const user = process.getuid?.() === 0 ? { uid: 900_001 } : {}
  const pod = await createPod({ runtime, tools, ports: [5432, 6379], ...user })
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
