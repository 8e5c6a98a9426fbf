import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { kernelFiles } from '../../start/index.ts'
import { createBoxGroup } from './cgroups.ts'
import { limitsOf, prlimitCommand } from '../box/limits.ts'
import { imageOf } from '../testing/make-engine.ts'

const image = imageOf({ codeDir: '/' })
const limits = { memoryBytes: 192 * 1024 * 1024, maxProcesses: 64, cpuMillis: 1_000 }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-groups-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (path: string): string => readFileSync(join(folder, path), 'utf8')

// Folders that are no control groups take what a kernel would be told; what it makes of it shows in exhaustion.test.ts.
describe('the limits of a box', () => {
  it('are told to control groups v1, controller by controller', () => {
    const folders = { memory: join(folder, 'memory'), pids: join(folder, 'pids'), cpu: join(folder, 'cpu') }
    const { entrances } = createBoxGroup({ version: 1, folders, files: kernelFiles }, 'engine', 'box', limits)
    expect(read('memory/engine/box/memory.limit_in_bytes')).toBe(String(limits.memoryBytes))
    expect(read('memory/engine/box/memory.memsw.limit_in_bytes')).toBe(String(limits.memoryBytes))
    expect(read('pids/engine/box/pids.max')).toBe('64')
    const [period, quota] = ['cfs_period_us', 'cfs_quota_us'].map((name) => read(`cpu/engine/box/cpu.${name}`))
    expect([period, quota]).toEqual(['100000', '100000'])
    expect(entrances).toEqual(Object.values(folders).map((controller) => join(controller, 'engine/box/cgroup.procs')))
  })

  it('are told to control groups v2, in one folder', () => {
    mkdirSync(join(folder, 'engine'))
    const folders = { memory: folder, pids: folder, cpu: folder }
    const { entrances } = createBoxGroup({ version: 2, folders, files: kernelFiles }, 'engine', 'box', limits)
    expect(read('engine/cgroup.subtree_control')).toBe('+memory +pids +cpu')
    expect(read('engine/box/memory.max')).toBe(String(limits.memoryBytes))
    expect(read('engine/box/memory.swap.max')).toBe('0')
    expect(read('engine/box/memory.oom.group')).toBe('1')
    expect(read('engine/box/pids.max')).toBe('64')
    expect(read('engine/box/cpu.max')).toBe('100000 100000')
    expect(entrances).toEqual([join(folder, 'engine/box/cgroup.procs')])
  })

  it('that a control group does not take make no box', () => {
    const folders = { memory: join(folder, 'memory'), pids: join(folder, 'pids'), cpu: join(folder, 'cpu') }
    mkdirSync(join(folder, 'memory/engine'), { recursive: true })
    writeFileSync(join(folder, 'memory/engine/box'), '')
    expect(() => createBoxGroup({ version: 1, folders, files: kernelFiles }, 'engine', 'box', limits)).toThrow(
      /EEXIST|ENOTDIR/,
    )
  })

  it('are the function’s memory, and a few processes', () => {
    expect(limitsOf(image)).toEqual(limits)
  })

  it('hold for each process where there are no control groups', () => {
    expect(prlimitCommand('/usr/bin/prlimit', image)).toEqual([
      '/usr/bin/prlimit',
      expect.stringMatching(/^--data=8\d{8}$/),
      '--nproc=64',
      '--',
    ])
  })
})
