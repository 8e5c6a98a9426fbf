import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { describe, expect, it, vi } from 'vitest'

import { findCgroups } from './cgroups.ts'
import { coreFiles, describeIsolation, isolationOf, probeIsolation } from './isolation.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('probeIsolation', () => {
  it('finds what these tests rest on, and gives a fix for what is missing', async () => {
    const isolation = await probeIsolation()
    expect(isolation.usable).toBe(true)
    for (const { strength, control, fix } of isolation.findings) {
      if (strength !== 'hard' && control !== 'function-uid' && control !== 'core-files')
        expect(fix, control).toBeTruthy()
    }
  })

  it('says so where root can start nothing as somebody else', async () => {
    const examine = fileURLToPath(new URL('../../examine.ts', import.meta.url))
    const alone = ['-U', '-r', process.execPath, '-C', 'source', examine]
    const { stdout } = await promisify(execFile)('/usr/bin/unshare', alone, { timeout: 60_000 })
    const { findings } = JSON.parse(stdout) as { findings: readonly { control: string; strength: string }[] }
    expect(findings).toContainEqual(expect.objectContaining({ control: 'user-namespaces', strength: 'absent' }))
  })

  it('is usable with all that boxes cannot do without, and not without any of it', () => {
    const controls = ['programs', 'user-namespaces', 'system-call-filter', 'memory-and-processes', 'processor'] as const
    const without = (absent: string) =>
      isolationOf(
        controls.map((control) => ({ control, strength: control === absent ? 'absent' : 'hard', detail: '' }) as const),
      )
    expect(without('nothing')).toMatchObject({ usable: true, strength: 'hard' })
    const needed = ['programs', 'user-namespaces', 'system-call-filter']
    expect(controls.filter((control) => !without(control).usable)).toEqual(needed)
    expect(without('programs').strength).toBe('absent')
  })

  it('says where a box that crashes has a program of the host run', () => {
    expect(coreFiles({ limit: 0 })).toMatchObject({ strength: 'hard' })
    expect(coreFiles({ program: '/usr/share/apport', limit: 1 })).toMatchObject({ strength: 'hard' })
    const told = coreFiles({ program: '/usr/share/apport', limit: 0 })
    expect(told).toMatchObject({ strength: 'cooperative', detail: expect.stringContaining('/usr/share/apport') })
    expect(describeIsolation(isolationOf([told]))).toContain('core-files cooperative')
  })

  it('says aloud what is weaker', () => {
    const findings = [{ control: 'processor', strength: 'absent', detail: 'only the deadline' }] as const
    expect(describeIsolation({ usable: true, strength: 'hard', findings })).toContain(
      'processor absent (only the deadline)',
    )
    expect(describeIsolation({ usable: false, strength: 'absent', findings })).toBe('isolation: absent')
  })
})

describe('findCgroups', () => {
  it('finds none where none can be written', () => {
    const mounts = '30 25 0:26 / /proc/sys rw - cgroup cgroup rw,memory\n31 25 0:27 / /proc/sys rw - cgroup2 cgroup2 rw'
    expect(findCgroups(mounts, '4:memory:/x\n0::/x')).toBeUndefined()
    expect(findCgroups('', '')).toBeUndefined()
  })
})
