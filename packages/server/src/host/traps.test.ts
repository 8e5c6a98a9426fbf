import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { findCgroups } from './cgroups.ts'
import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const root = process.getuid?.() === 0
const secret = `canary-${randomBytes(8).toString('hex')}`

let under: EngineUnderTest
let folder: string
let outside: (event: object) => Promise<unknown>
/** Listeners of the host that no box may ever reach. */
const canary = { hits: 0, port: 0, abstractPath: `sallyport-${secret}`, servers: [] as Server[] }

beforeAll(async () => {
  folder = openFolder()
  const probes = codeFolder(folder)
  const { handler } = (await import(pathToFileURL(join(probes, 'index.mjs')).href)) as { handler: typeof outside }
  outside = (event) => handler(event)
  under = await makeEngine()
  await under.deploy({ codeDir: probes, environment: { PLAIN: secret } })
  for (const where of [{ host: '::', port: 0 }, { path: `\0${canary.abstractPath}` }]) {
    const server = createServer((socket) => {
      canary.hits += 1
      socket.on('error', () => socket.destroy())
      socket.end('canary')
    })
    await new Promise<void>((resolve) => server.listen(where, resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) canary.port = address.port
    canary.servers.push(server)
  }
})

afterAll(async () => {
  await under.close()
  for (const server of canary.servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what a box can see', () => {
  it('has an empty environment but for what the function was given, in pid 1 too', async () => {
    process.env['SALLYPORT_TEST_CANARY'] = secret
    expect(await outside({ probe: 'environment' })).toHaveProperty('SALLYPORT_TEST_CANARY')
    const inside = await under.call({ probe: 'environment' })
    delete process.env['SALLYPORT_TEST_CANARY']
    expect(inside).not.toHaveProperty('SALLYPORT_TEST_CANARY')
    expect(inside).toMatchObject({ PLAIN: secret, AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', AWS_EC2_METADATA_DISABLED: 'true' })
    // What bash itself sets while the pod waits.
    const init = String(await under.call({ probe: 'initEnvironment' })).split('\0')
    expect(init.filter((pair) => !['', 'PWD=/', 'SHLVL=0'].includes(pair))).toEqual([])
  })

  it('has no descriptor of the host', async () => {
    const hostOnly = (links: unknown): string[] =>
      (links as string[]).filter((link) => link.startsWith('/') && !['/dev/null', '/proc/'].some((known) => link.startsWith(known)))
    const file = join(folder, 'open')
    writeFileSync(file, '')
    const { openSync, closeSync } = await import('node:fs')
    const fd = openSync(file, 'r')
    expect(hostOnly(await outside({ probe: 'descriptors' }))).toContain(file)
    closeSync(fd)
    expect(hostOnly(await under.call({ probe: 'descriptors' })).filter((link) => !link.startsWith('/var/task/'))).toEqual([])
  })

  it('shows none of its variables in the process list of the host', async () => {
    expect(await under.call({ probe: 'environment' })).toHaveProperty('PLAIN', secret)
    const lines = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(commandLine)
    expect(lines.filter((line) => line.includes('bwrap'))).not.toEqual([])
    expect(lines.filter((line) => line.includes(secret))).toEqual([])
  })

  it('has none of the host\'s files', async () => {
    const file = join(folder, 'private')
    writeFileSync(file, secret, { mode: 0o644 })
    for (const path of [file, '/etc/hostname', '/etc/shadow', '/sys/kernel', '/usr/local', '/proc/sysrq-trigger', process.cwd()]) {
      if (path !== '/proc/sysrq-trigger') expect(await outside({ probe: 'exists', path }), path).toBe(true)
      if (path !== '/proc/sysrq-trigger') expect(await under.call({ probe: 'exists', path }), path).toBe(false)
    }
    const users = await under.call({ probe: 'read', path: '/etc/passwd' })
    expect(users).toEqual({ ok: true, value: 'function:x:65534:65534::/tmp:/usr/sbin/nologin\n' })
  })

  it('has none of the host\'s processes', async () => {
    expect(Number(await outside({ probe: 'processes' }))).toBeGreaterThan(5)
    expect(Number(await under.call({ probe: 'processes' }))).toBeLessThanOrEqual(3)
  })

  it('has mounts that are read-only but for its scratch folder', async () => {
    const lines = (await under.call({ probe: 'mountLines' })) as string[]
    const writable = lines.map((line) => line.split(' ')).filter(([, , , , , flags = '']) => flags.split(',')[0] === 'rw')
    expect(writable.map(([, , , , at]) => at).filter((at) => at !== '/tmp' && !/^\/(dev\/|proc$)/.test(at ?? ''))).toEqual([])
  })
})

describe('what a box can change', () => {
  it('cannot write its code, its system or its devices', async () => {
    const own = join(folder, 'own')
    expect(await outside({ probe: 'write', path: own })).toMatchObject({ ok: true })
    for (const path of ['/var/task/index.mjs', '/var/task/new', '/usr/bin/new', '/etc/passwd', '/opt/sallyport/node', '/new', '/dev/shm/x']) {
      expect(await under.call({ probe: 'write', path }), path).toMatchObject({ ok: false, code: expect.stringMatching(/EROFS|EACCES/) })
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
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status).toContain(`${set}:\t0000000000000000`)
    expect(status).toMatch(/NoNewPrivs:\t1\nSeccomp:\t2/)
    expect(String(await outside({ probe: 'status' }))).toMatch(/Seccomp:\t0/)
  })

  it('cannot make namespaces or mounts', async () => {
    const unshare = { probe: 'command', program: '/usr/bin/unshare', argv: ['-U', '/bin/true'] }
    expect(await outside(unshare)).toBe(0)
    expect(await under.call(unshare)).not.toBe(0)
    const mount = { probe: 'command', program: '/usr/bin/unshare', argv: ['-U', '-r', '-m', '/bin/mount', '-t', 'tmpfs', 'x', '/tmp'] }
    expect(await outside(mount)).toBe(0)
    expect(await under.call(mount)).not.toBe(0)
  })

  it.runIf(process.arch === 'x64')('cannot enter the kernel by calls that it does not need', async () => {
    const EPERM = 1
    const ENOSYS = 38
    // name, numbers; each does no harm outside: ptrace(TRACEME), personality(query), kcmp(self), keyctl(get session).
    for (const numbers of [[101, 0, 0, 0, 0], [135, 0xffffffff], [312, '$$', '$$', 0, 0, 0], [250, 0, -3, 0], [272, 0x10000000]]) {
      expect(await outside({ probe: 'syscall', numbers }), String(numbers)).not.toBe(EPERM)
      expect(await under.call({ probe: 'syscall', numbers }), String(numbers)).toBe(EPERM)
    }
    expect(await under.call({ probe: 'syscall', numbers: [435, 0, 0] }), 'clone3').toBe(ENOSYS)
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

describe('where a box can go', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('does not reach a listener of the host on %s', async (host) => {
    const before = canary.hits
    expect(await outside({ probe: 'connect', host, port: canary.port })).toContain('canary')
    expect(canary.hits).toBe(before + 1)
    expect(await under.call({ probe: 'connect', host, port: canary.port })).toBe('ECONNREFUSED')
    expect(canary.hits).toBe(before + 1)
  })

  it('does not reach an abstract unix socket of the host', async () => {
    const before = canary.hits
    const probe = { probe: 'connect', path: canary.abstractPath }
    expect(await outside(probe)).toContain('canary')
    expect(await under.call(probe)).toBe('ECONNREFUSED')
    expect(canary.hits).toBe(before + 1)
  })

  it.each([
    ['169.254.169.254', 80], ['10.1.2.3', 443], ['198.51.100.7', 80], ['fd00:ec2::254', 80], ['127.0.0.1', 443],
  ] as const)('ends at its own door when it connects to %s port %i', async (host, port) => {
    const before = under.contacts.length
    const id = randomBytes(16).toString('hex')
    await under.call({ probe: 'connect', host, port }, { id })
    const [contact] = under.contacts.slice(before)
    expect(contact?.address?.replace('::ffff:', '')).toBe(host)
    expect(contact).toMatchObject({ port, invocation: id })
  })

  it('is refused on every other port, and hears nothing from other datagrams', async () => {
    for (const port of [22, 53, 8080, 5432]) {
      expect(await under.call({ probe: 'connect', host: '198.51.100.7', port }), String(port)).toBe('ECONNREFUSED')
    }
    expect(await under.call({ probe: 'datagram', host: '198.51.100.7', port: 123 })).toBe('ECONNREFUSED')
  })

  it('resolves only what its door answers', async () => {
    expect(await outside({ probe: 'resolve', name: 'localhost' })).toMatch(/127|::1/)
    expect(await under.call({ probe: 'resolve', name: `${secret}.evil.example` })).toMatch(/EAI_AGAIN|ENOTFOUND/)
  })
})

describe('what an invocation leaves behind', () => {
  it('exits between invocations belong to nobody', async () => {
    const before = under.contacts.length
    await under.call({ probe: 'later', afterMs: 80, host: '203.0.113.1', port: 80 })
    await expect.poll(() => under.contacts.length).toBe(before + 1)
    expect(under.contacts.at(-1)?.invocation).toBeUndefined()
    await under.call({ probe: 'connect', host: '203.0.113.1', port: 80 }, { id: 'b'.repeat(32) })
    expect(under.contacts.at(-1)?.invocation, 'control: the same exit within one').toBe('b'.repeat(32))
  })

  it('the door hears of the end before the runtime is answered', async () => {
    const held = await makeEngine({ hold: true })
    await held.deploy()
    await held.call({ probe: 'halfRequest', host: '203.0.113.2', port: 80 })
    expect(held.ended.count).toBe(1)
    await expect.poll(() => held.contacts[0]?.socket.destroyed).toBe(true)
    await held.close()
  })

  it('takes the ticket of one attempt only once', async () => {
    const id = randomBytes(16).toString('hex')
    expect(await under.call({ probe: 'echo', value: 1 }, { id }), 'control').toBe(1)
    expect(await under.invoke({ probe: 'echo', value: 1 }, { id })).toMatchObject({ code: 'function.ticket_refused' })
  })

  it('a leftover child that polls for the next event is refused and reported', async () => {
    const before = under.events.length
    await under.call({ probe: 'pollNext', file: '/tmp/polled' })
    const answer = (): Promise<unknown> => under.call({ probe: 'read', path: '/tmp/polled' })
    await expect.poll(answer, { timeout: 5_000, interval: 100 }).toMatchObject({ ok: true, value: '403' })
    expect(under.events.slice(before).map(({ kind }) => kind)).toContain('box-breach')
  })
})

describe('what a box can use up', () => {
  it('a flood of output is cut, and harms no neighbour', async () => {
    await under.deploy({ name: 'neighbour' })
    await under.call({ probe: 'echo' }, { functionName: 'neighbour' })
    const before = under.output.length
    const flood = under.invoke({ probe: 'flood', megabytes: 40 }, { deadline: Date.now() + 1_500 })
    const started = performance.now()
    await under.call({ probe: 'echo' }, { functionName: 'neighbour' })
    expect(performance.now() - started).toBeLessThan(500)
    await flood
    const bytes = under.output.slice(before).reduce((sum, { text }) => sum + text.length, 0)
    expect(bytes).toBeLessThan(3 * 256 * 1024)
    const told = (): boolean => under.output.some(({ stream, text }) => stream === 'platform' && text.includes('dropped'))
    await expect.poll(told, { timeout: 3_000 }).toBe(true)
  })

  it('a line without an end is cut', async () => {
    await under.call({ probe: 'longLine', bytes: 100_000 }, { affinity: 'long' })
    await expect.poll(() => under.output.find(({ text }) => text.startsWith('yyy'))?.text.length).toBeLessThan(17_000)
  })

  it('the scratch folder is full at its size', async () => {
    const fills = await under.call({ probe: 'fill', folder: '/tmp/full', megabytes: 80 }, { affinity: 'filler' })
    expect(fills).toMatchObject({ code: 'ENOSPC' })
    expect((fills as { written: number }).written).toBeGreaterThan(50)
  })

  it('memory ends the box, not the machine', async () => {
    const allocate = { probe: 'allocate', megabytes: 900 }
    await under.deploy({ name: 'small', memoryMb: 128 })
    await under.deploy({ name: 'large', memoryMb: 1_500 })
    expect(await under.invoke(allocate, { functionName: 'small' })).toMatchObject({
      kind: 'error', code: expect.stringMatching(findCgroups() === undefined ? /out_of_memory|threw/ : /out_of_memory/),
    })
    expect((await under.invoke(allocate, { functionName: 'large' })).kind, 'control').toBe('response')
  })

  it('a leak in the heap is told as out of memory', async () => {
    const leak = 'export const handler = () => { const held = []; for (;;) held.push({ a: [held.length] }) }'
    await under.deploy({ name: 'leak', memoryMb: 128, codeDir: codeFolder(folder, leak) })
    expect(await under.invoke({}, { functionName: 'leak' })).toMatchObject({ code: 'function.out_of_memory' })
  })

  it('processes are bounded', async () => {
    const fork = { probe: 'fork', count: 90 }
    expect(await outside(fork), 'control').toBe(90)
    expect(Number(await under.call(fork, { affinity: 'forker' }))).toBeLessThan(64)
  })

  it.runIf(root)('each function has a uid of its own', async () => {
    await under.deploy({ name: 'first-uid' })
    await under.deploy({ name: 'second-uid' })
    const uids = new Set<string>()
    for (const functionName of ['first-uid', 'second-uid']) {
      await under.call({ probe: 'echo' }, { functionName })
      const pid = under.events.findLast((event) => event.kind === 'box-start' && event.functionName === functionName)?.detail
      const status = readFileSync(`/proc/${/\d+/.exec(pid ?? '')?.[0]}/status`, 'utf8')
      uids.add(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? '')
    }
    expect(uids.size).toBe(2)
    expect([...uids].every((uid) => Number(uid) >= 210_000)).toBe(true)
  })
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // ended while we looked
  }
}
