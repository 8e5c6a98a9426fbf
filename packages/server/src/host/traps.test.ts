import { spawnSync, type StdioOptions } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { EngineUnderTest } from './testing/make-engine.ts'
import { openTrap, type Trap } from './testing/traps.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest
let outside: Trap['outside']
let folder: string
let secret: string
let trap: Trap

beforeAll(async () => {
  trap = await openTrap()
  ;({ under, outside, folder, secret } = trap)
})
afterAll(() => trap.close())

describe('what a box can see', () => {
  it('has an empty environment but for what the function was given, in pid 1 too', async () => {
    process.env['SALLYPORT_TEST_CANARY'] = secret
    expect(await outside({ probe: 'environment' })).toHaveProperty('SALLYPORT_TEST_CANARY')
    const inside = await under.call({ probe: 'environment' })
    delete process.env['SALLYPORT_TEST_CANARY']
    expect(inside).not.toHaveProperty('SALLYPORT_TEST_CANARY')
    expect(inside).toMatchObject({
      PLAIN: secret,
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
      AWS_EC2_METADATA_DISABLED: 'true',
    })
    // What bash itself sets while the pod waits.
    const init = String(await under.call({ probe: 'initEnvironment' })).split('\0')
    expect(init.filter((pair) => !['', 'PWD=/', 'SHLVL=0'].includes(pair))).toEqual([])
  })

  it('has no descriptor of the host', async () => {
    const hostOnly = (links: unknown): string[] =>
      (links as string[]).filter(
        (link) => link.startsWith('/') && !['/dev/null', '/proc/'].some((known) => link.startsWith(known)),
      )
    const file = join(folder, 'open')
    writeFileSync(file, '')
    const fd = openSync(file, 'r')
    expect(hostOnly(await outside({ probe: 'descriptors' }))).toContain(file)
    closeSync(fd)
    expect(
      hostOnly(await under.call({ probe: 'descriptors' })).filter((link) => !link.startsWith('/var/task/')),
    ).toEqual([])
  })

  it('has no descriptor that the server inherited, which other children of the server have', () => {
    const file = join(folder, 'inherited')
    writeFileSync(file, '')
    const fd = openSync(file, 'r')
    const script = fileURLToPath(new URL('testing/show-descriptors.ts', import.meta.url))
    // Beyond a gap: of the first sixteen Node itself lets no child inherit any.
    const stdio: StdioOptions = [
      'ignore',
      'pipe',
      'inherit',
      ...Array.from({ length: 37 }, () => 'ignore' as const),
      fd,
    ]
    const { stdout } = spawnSync(process.execPath, ['-C', 'source', script], { stdio, encoding: 'utf8' })
    closeSync(fd)
    const seen = JSON.parse(stdout) as { here: string[]; child: string; box: string[] }
    expect(seen.here, 'control').toContain(file)
    expect(seen.child, 'control').toContain(file)
    expect(seen.box).not.toEqual([])
    expect(seen.box.filter((link) => link.endsWith('/inherited'))).toEqual([])
  })

  it('shows none of its variables in the process list of the host', async () => {
    expect(await under.call({ probe: 'environment' })).toHaveProperty('PLAIN', secret)
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine)
    expect(lines.filter((line) => line.includes('bwrap'))).not.toEqual([])
    expect(lines.filter((line) => line.includes(secret))).toEqual([])
  })

  it("has none of the host's files", async () => {
    const file = join(folder, 'private')
    writeFileSync(file, secret, { mode: 0o644 })
    for (const path of [file, '/etc/hostname', '/etc/shadow', '/sys/kernel', '/usr/local', process.cwd()]) {
      expect(await outside({ probe: 'exists', path }), path).toBe(true)
      expect(await under.call({ probe: 'exists', path }), path).toBe(false)
    }
    const users = await under.call({ probe: 'read', path: '/etc/passwd' })
    expect(users).toEqual({ ok: true, value: 'function:x:65534:65534::/tmp:/usr/sbin/nologin\n' })
  })

  it("has none of the host's processes", async () => {
    expect(Number(await outside({ probe: 'processes' }))).toBeGreaterThan(5)
    expect(Number(await under.call({ probe: 'processes' }))).toBeLessThanOrEqual(3)
  })

  it('has mounts that are read-only but for its scratch folder', async () => {
    const lines = (await under.call({ probe: 'mountLines' })) as string[]
    const writable = lines
      .map((line) => line.split(' '))
      .filter(([, , , , , flags = '']) => flags.split(',')[0] === 'rw')
    expect(
      writable.map(([, , , , at]) => at).filter((at) => at !== '/tmp' && !/^\/(dev\/|proc$)/.test(at ?? '')),
    ).toEqual([])
  })
})

describe('what a box can change', () => {
  it('cannot write its code, its system or its devices', async () => {
    const own = join(folder, 'own')
    expect(await outside({ probe: 'write', path: own })).toMatchObject({ ok: true })
    for (const path of [
      '/var/task/index.mjs',
      '/var/task/new',
      '/usr/bin/new',
      '/etc/passwd',
      '/var/lang/bin/node',
      '/var/runtime/client.mjs',
      '/new',
      '/dev/shm/x',
    ]) {
      expect(await under.call({ probe: 'write', path }), path).toMatchObject({
        ok: false,
        code: expect.stringMatching(/EROFS|EACCES/),
      })
    }
    expect(await under.call({ probe: 'write', path: '/tmp/x' })).toMatchObject({ ok: true })
  })

  it('cannot change the kernel through /proc', async () => {
    for (const path of ['/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/sys/net/ipv4/ip_forward']) {
      expect(await under.call({ probe: 'write', path }), path).toMatchObject({ ok: false })
    }
  })

  it('holds no capability, cannot gain one, and is filtered', async () => {
    const status = String(await under.call({ probe: 'status' }))
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toContain(`${set}:\t0000000000000000`)
    expect(status).toMatch(/NoNewPrivs:\t1\nSeccomp:\t2/)
    expect(String(await outside({ probe: 'status' }))).toMatch(/Seccomp:\t0/)
  })

  it('cannot make namespaces or mounts', async () => {
    const unshare = { probe: 'command', program: '/usr/bin/unshare', argv: ['-U', '/bin/true'] }
    expect(await outside(unshare)).toBe(0)
    expect(await under.call(unshare)).not.toBe(0)
    const mount = {
      probe: 'command',
      program: '/usr/bin/unshare',
      argv: ['-U', '-r', '-m', '/bin/mount', '-t', 'tmpfs', 'x', '/tmp'],
    }
    expect(await outside(mount)).toBe(0)
    expect(await under.call(mount)).not.toBe(0)
  })

  it.runIf(process.arch === 'x64')('cannot enter the kernel by calls that it does not need', async () => {
    const EPERM = 1
    const ENOSYS = 38
    // name, numbers; each does no harm outside: ptrace(TRACEME), personality(query), kcmp(self), keyctl(get session).
    for (const numbers of [
      [101, 0, 0, 0, 0],
      [135, 0xffffffff],
      [312, '$$', '$$', 0, 0, 0],
      [250, 0, -3, 0],
      [272, 0x10000000],
    ]) {
      expect(await outside({ probe: 'syscall', numbers }), String(numbers)).not.toBe(EPERM)
      expect(await under.call({ probe: 'syscall', numbers }), String(numbers)).toBe(EPERM)
    }
    expect(await under.call({ probe: 'syscall', numbers: [435, 0, 0] }), 'clone3').toBe(ENOSYS)
    // On neither list: io_setup, mq_unlink, shmget. None harms outside, and none is unknown there.
    for (const numbers of [
      [206, 0, 0],
      [241, 0],
      [29, 0, 0, 0],
    ]) {
      expect(await outside({ probe: 'syscall', numbers }), String(numbers)).not.toBe(ENOSYS)
      expect(await under.call({ probe: 'syscall', numbers }), String(numbers)).toBe(ENOSYS)
    }
    expect(await under.call({ probe: 'syscall', numbers: [425, 1, 0] }), 'io_uring_setup').toBe(EPERM)
  })

  it.runIf(process.arch === 'x64')('cannot open sockets of other families, nor raw ones', async () => {
    const EAFNOSUPPORT = 97
    const families = { packet: 17, vsock: 40, alg: 38, bluetooth: 31, key: 15, xdp: 44 }
    const packetOutside = await outside({ probe: 'syscall', numbers: [41, families.packet, 3, 0] })
    expect(packetOutside, 'control: only for want of a capability, if at all').not.toBe(EAFNOSUPPORT)
    for (const [name, family] of Object.entries(families)) {
      expect(await under.call({ probe: 'syscall', numbers: [41, family, 3, 0] }), name).toBe(EAFNOSUPPORT)
    }
    expect(await outside({ probe: 'syscall', numbers: [41, 16, 3, 4] }), 'netlink, INET_DIAG').toBe(0)
    expect(await under.call({ probe: 'syscall', numbers: [41, 16, 3, 4] })).toBe(EAFNOSUPPORT)
    expect(await under.call({ probe: 'syscall', numbers: [41, 16, 3, 0] }), 'netlink, routes').toBe(0)
    expect(await under.call({ probe: 'syscall', numbers: [41, 2, 3, 1] }), 'raw ICMP').toBe(1)
  })
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // ended while we looked
  }
}
