import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { describe, expect, it, vi } from 'vitest'

import { isAlive } from './kernel/alive.ts'
import { engineGroups, findCgroups } from './kernel/cgroups.ts'
import { makeEngine, openFolder } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('the end of an engine', () => {
  it('leaves no process, descriptor or control group after close', async () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const first = await makeEngine()
    await first.close() // whatever is opened once per process
    const before = descriptors()
    const under = await makeEngine()
    await under.deploy({ warmBoxes: 1, maxBoxes: 3 })
    const running = under.invoke({ probe: 'loop' })
    await under.call({ probe: 'echo' }, { affinity: 'bob' })
    expect(descendants(process.pid).filter(isOurs).length, 'control').toBeGreaterThan(2)
    await under.close()
    expect(await running).toMatchObject({ kind: 'error', code: 'function.exited' })
    await expect.poll(() => descendants(process.pid).filter(isOurs).map(commandLine), { timeout: 30_000 }).toEqual([])
    await expect.poll(descriptors).toBeLessThanOrEqual(before)
    expect(ownGroups(process.pid)).toEqual([])
  })

  it('leaves nothing when the server is killed', async () => {
    const script = fileURLToPath(new URL('testing/serve-until-killed.ts', import.meta.url))
    const folder = openFolder()
    const server = spawn(process.execPath, ['-C', 'source', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    })
    await new Promise((resolve) => server.stdout.once('data', resolve))
    const pid = server.pid ?? 0
    await expect.poll(() => descendants(pid).filter(isOurs).length).toBeGreaterThan(3)
    const all = descendants(pid)
    server.kill('SIGKILL')
    await expect.poll(() => all.filter(isAlive).map(commandLine), { timeout: 30_000 }).toEqual([])
    await expect.poll(() => ownGroups(pid), { timeout: 30_000 }).toEqual([])
    rmSync(folder, { recursive: true, force: true })
  })
})

function descendants(pid: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1] ?? Number.NaN)
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid)
}

function isOurs(pid: number): boolean {
  // Not the bundler's own process, which may lie below a folder of such a name.
  return /bwrap|unshare|sallyport-host/.test(commandLine(pid))
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

function ownGroups(pid: number): readonly string[] {
  const roots = findCgroups()
  return roots === undefined ? [] : engineGroups(roots).filter((name) => name.startsWith(`sallyport-${pid}-`))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
