import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { engineContract } from '../testing/engine-contract.ts'
import { makeEngine } from '../testing/make-engine.ts'
import { openTrap, type Trap } from '../testing/traps.ts'
import { probeRunsc, requireRunsc } from './runsc.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const named = process.env['SALLYPORT_TEST_RUNSC']
const found = await probeRunsc(named === undefined ? undefined : [named])
const program = found.usable ? { runsc: found.path } : {}

describe.skipIf(!found.usable)(`gVisor${found.usable ? '' : ` (skipped: ${found.why})`}`, () => {
  engineContract('the box with gVisor', async () => {
    const under = await makeEngine()
    return { ...under, deploy: (image) => under.deploy({ ...program, ...image }) }
  })

  describe('a box with gVisor', () => {
    let trap: Trap
    beforeAll(async () => {
      trap = await openTrap(program)
    })
    afterAll(() => trap.close())

    it("has a kernel of its own, and none of the host's", async () => {
      const version = { probe: 'read', path: '/proc/version' }
      expect(await trap.outside(version)).toEqual({ ok: true, value: readFileSync('/proc/version', 'utf8') })
      expect(await trap.under.call(version)).not.toEqual(await trap.outside(version))
    })

    it("has none of the host's files and processes, and none of its variables", async () => {
      const file = join(trap.folder, 'private')
      writeFileSync(file, trap.secret, { mode: 0o644 })
      for (const path of [file, '/etc/hostname', '/etc/shadow', '/usr/local', '/run/sallyport', process.cwd()]) {
        if (!path.startsWith('/run')) expect(await trap.outside({ probe: 'exists', path }), path).toBe(true)
        expect(await trap.under.call({ probe: 'exists', path }), path).toBe(false)
      }
      expect(Number(await trap.outside({ probe: 'processes' }))).toBeGreaterThan(5)
      expect(Number(await trap.under.call({ probe: 'processes' }))).toBeLessThanOrEqual(3)
      expect(await trap.under.call({ probe: 'environment' })).not.toHaveProperty('HOSTNAME')
    })

    it('shows none of its variables in the process list of the host', async () => {
      expect(await trap.under.call({ probe: 'environment' })).toHaveProperty('PLAIN', trap.secret)
      const lines = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(commandLine)
      expect(lines.filter((line) => line.includes('runsc'))).not.toEqual([])
      expect(lines.filter((line) => line.includes(trap.secret))).toEqual([])
    })

    it('writes to its scratch folder alone', async () => {
      for (const path of ['/var/task/new', '/usr/bin/new', '/etc/passwd', '/var/lang/bin/node', '/new'])
        expect(await trap.under.call({ probe: 'write', path }), path).toMatchObject({ ok: false })
      expect(await trap.under.call({ probe: 'write', path: '/tmp/x' })).toMatchObject({ ok: true })
      const { code } = (await trap.under.call({ probe: 'fill', folder: '/tmp/full', megabytes: 100 })) as {
        code: string
      }
      expect(code).toBe('ENOSPC')
    })

    it('holds no capability, and cannot make namespaces or mounts', async () => {
      const status = String(await trap.under.call({ probe: 'status' }))
      expect(status).toMatch(/CapEff:\t0000000000000000/)
      const unshare = { probe: 'command', program: '/usr/bin/unshare', argv: ['-U', '-r', '-m', '/bin/true'] }
      expect(await trap.outside(unshare)).toBe(0)
      const mount = {
        probe: 'command',
        program: '/usr/bin/unshare',
        argv: ['-U', '-r', '-m', '/bin/mount', '-t', 'tmpfs', 'x', '/var/task'],
      }
      await trap.under.call(mount)
      expect(await trap.under.call({ probe: 'exists', path: '/var/task/index.mjs' })).toBe(true)
    })

    it.each([
      ['169.254.169.254', 80],
      ['10.1.2.3', 443],
      ['198.51.100.7', 80],
      ['127.0.0.1', 443],
    ] as const)('ends at its own door when it connects to %s port %i', async (host, port) => {
      const before = trap.under.contacts.length
      await trap.under.call({ probe: 'connect', host, port })
      const [contact] = trap.under.contacts.slice(before)
      expect(contact?.address?.replace('::ffff:', '')).toBe(host)
      expect(contact?.port).toBe(port)
    })

    it('reaches no listener of the host, by address or by name', async () => {
      const before = trap.canary.hits
      for (const probe of [
        { probe: 'connect', host: '127.0.0.1', port: trap.canary.port },
        { probe: 'connect', path: trap.canary.abstractPath },
      ]) {
        expect(await trap.outside(probe)).toContain('canary')
        expect(String(await trap.under.call(probe))).not.toContain('canary')
      }
      expect(trap.canary.hits).toBe(before + 2)
    })

    it('hears which limit of memory it met', async () => {
      await trap.under.deploy({ name: 'eater', memoryMb: 128, ...program })
      expect(await trap.under.invoke({ probe: 'allocate', megabytes: 900 }, { functionName: 'eater' })).toMatchObject({
        code: 'function.out_of_memory',
      })
    })
  })
})

it('is refused where it is not, with the line that installs it', async () => {
  await expect(requireRunsc(['/nowhere/runsc'])).rejects.toMatchObject({
    code: 'host.engine_missing',
    fix: expect.stringContaining('apt-get install -y runsc'),
  })
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // ended while we looked
  }
}
