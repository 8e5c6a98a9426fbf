import { describe, expect, it } from 'vitest'

import { findCgroups } from './cgroups.ts'
import { describeIsolation, probeIsolation } from './isolation.ts'

describe('probeIsolation', () => {
  it('finds what these tests rest on, and gives a fix for what is missing', async () => {
    const isolation = await probeIsolation()
    expect(isolation.usable).toBe(true)
    for (const { strength, control, fix } of isolation.findings) {
      if (strength !== 'hard' && control !== 'function-uid') expect(fix, control).toBeTruthy()
    }
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
