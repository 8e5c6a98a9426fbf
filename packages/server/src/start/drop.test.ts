import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { commandWithoutRoot, tryDropping } from './drop.ts'
import { reachOf } from './reach.ts'
import { blockAt, mappingOf } from './uid-block.ts'

const root = process.getuid?.() === 0
const block = blockAt(1_900_001_000)
const nothing = { covers: [], shown: [] }

/** What only root of the machine may do, done so that it harms nobody; what came of each, as JSON. */
const probe = `
import { chownSync, mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
const [canary, pid, place] = process.argv.slice(1)
const run = (program, argv) => {
  const { status, error } = spawnSync(program, argv, { stdio: 'ignore' })
  if (status !== 0) throw error ?? new Error('refused')
}
const tries = {
  read: () => readFileSync(canary),
  signal: () => process.kill(Number(pid), 0),
  trace: () => readFileSync('/proc/' + pid + '/environ'),
  mount: () => { run('/usr/bin/mount', ['-t', 'tmpfs', 'tmpfs', place]); run('/usr/bin/umount', [place]) },
  setting: () => writeFileSync('/proc/sys/vm/swappiness', readFileSync('/proc/sys/vm/swappiness')),
  device: () => run('/usr/bin/mknod', [place + '/null', 'c', '1', '3']),
  become: () => run('/usr/bin/setpriv', ['--reuid', '65534', '--clear-groups', '/bin/true']),
  function: () => run('/usr/bin/setpriv', ['--reuid', '${block.functions.first}', '--clear-groups', '/bin/true']),
  box: () => run('/usr/bin/setpriv', ['--reuid', '${block.functions.first}', '--regid', '${block.functions.first}',
    '--clear-groups', '/usr/bin/unshare', '-U', '-r', '-n', '/usr/bin/bwrap', '--unshare-user', '--unshare-pid',
    '--ro-bind', '/', '/', '--proc', '/proc', '/bin/true']),
  descriptors: () => { if (readFileSync(3, 'utf8') !== 'inherited') throw new Error('closed') },
}
const came = {}
for (const [name, act] of Object.entries(tries)) {
  try { act(); came[name] = 'done' } catch { came[name] = 'refused' }
}
console.log(JSON.stringify({ ...came, groups: process.getgroups().join(), cwd: process.cwd() }))
`

describe.skipIf(!root)('a server that gave up root (as root)', { timeout: 60_000 }, () => {
  let folder: string
  let neighbour: ChildProcess
  let argv: readonly string[]
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-drop-'))
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'place'), { mode: 0o777 })
    writeFileSync(join(folder, 'canary'), 'secret', { mode: 0o600 })
    writeFileSync(join(folder, 'inherited'), 'inherited', { mode: 0o600 })
    neighbour = spawn('/bin/sleep', ['600'], { stdio: 'ignore' })
    argv = ['--input-type=module', '-e', probe, join(folder, 'canary'), `${neighbour.pid}`, join(folder, 'place')]
  })
  afterAll(() => {
    neighbour.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  function outcome(program: string, words: readonly string[]): Record<string, string> {
    const shell = ['-c', 'exec 3<"$0"; exec "$@"', join(folder, 'inherited'), program, ...words]
    const { stdout, stderr } = spawnSync('/bin/bash', shell, { encoding: 'utf8', timeout: 60_000 })
    if (stdout === '') throw new Error(stderr)
    const told: Record<string, string> = JSON.parse(stdout)
    rmSync(join(folder, 'place/null'), { force: true })
    return told
  }

  it('may do nothing that root may, but be its functions’ users and make their boxes', () => {
    const [program, ...words] = commandWithoutRoot(block, nothing, [process.execPath, ...argv])
    const refused = ['read', 'signal', 'trace', 'mount', 'setting', 'device', 'become', 'descriptors']
    expect(outcome(program, words)).toEqual({
      ...Object.fromEntries(refused.map((name) => [name, 'refused'])),
      function: 'done',
      box: 'done',
      groups: '0',
      cwd: '/',
    })
    // The control: the same, by the same process before it gives root up.
    const before = outcome(process.execPath, argv)
    for (const name of [...refused, 'function', 'box']) expect(before[name], name).toBe('done')
  })

  it('is another user to the machine, with no group and no right of root’s', async () => {
    const [program, ...words] = commandWithoutRoot(block, nothing, ['/bin/sleep', '600'])
    const server = spawn(program, words, { stdio: 'ignore' })
    const read = (name: string): string => readFileSync(`/proc/${server.pid}/${name}`, 'utf8')
    try {
      await expect.poll(() => read('cmdline').replaceAll('\0', ' '), { timeout: 30_000 }).toBe('/bin/sleep 600 ')
      const status = read('status')
      expect(status).toMatch(new RegExp(`^Uid:(\t${block.server}){4}$`, 'm'))
      expect(status).toMatch(new RegExp(`^Gid:(\t${block.server}){4}$`, 'm'))
      expect(status).toMatch(/^Groups:\s*$/m)
      const map = (text: string): string => text.trim().replaceAll(/ +/g, ' ').replaceAll('\n ', '\n')
      expect([map(read('uid_map')), map(read('gid_map'))]).toEqual([mappingOf(block), mappingOf(block)])
      expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).toMatch(new RegExp(`^PPid:\t${process.pid}$`, 'm'))
    } finally {
      server.kill('SIGKILL')
    }
  })

  it('sees of a closed folder what it needs, at its place, and nothing else', () => {
    const closed = join(folder, 'closed')
    for (const name of ['app/src', 'other']) mkdirSync(join(closed, name), { recursive: true })
    writeFileSync(join(closed, 'app/src/a'), 'the app')
    writeFileSync(join(closed, 'tool'), 'a file')
    writeFileSync(join(closed, 'other/b'), 'not for it')
    chmodSync(closed, 0o700)
    const reach = reachOf([join(closed, 'app'), join(closed, 'tool')])
    const show = `cat ${closed}/app/src/a ${closed}/tool; ls ${closed}; umount ${closed} 2>&1 >&-; ls ${closed}`
    const [program, ...words] = commandWithoutRoot(block, reach, ['/bin/sh', '-c', show])
    const { stdout } = spawnSync(program, words, { encoding: 'utf8' })
    expect(stdout).toMatch(/^the appa fileapp\ntool\n.*(denied|permitted|superuser).*\napp\ntool\n$/s)
    expect(existsSync(join(closed, 'other/b')), 'on the machine nothing has changed').toBe(true)
  })

  it('is told why, as root, where its uids cannot be mapped: as root of a namespace that has not got them', () => {
    const show = ['/bin/sh', '-c', 'echo "$SALLYPORT_ROOT_REFUSED"; id -u']
    const { stdout } = spawnSync('/usr/bin/unshare', ['-U', '-r', '--', ...commandWithoutRoot(block, nothing, show)], {
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/^these uids cannot be mapped: .*\n0\n$/)
  })

  it('is what doctor finds that this machine can do', () => {
    expect(tryDropping()).toEqual({})
  })

  it('reads the state that was handed to it, which no function’s user does', () => {
    const token = join(folder, 'token')
    writeFileSync(token, 'secret', { mode: 0o600 })
    chownSync(token, block.server, block.server)
    const { first } = block.functions
    const as = ['/usr/bin/setpriv', '--reuid', String(first), '--regid', String(first), '--clear-groups', '--']
    const read = (words: readonly string[]): string => {
      const [program, ...rest] = commandWithoutRoot(block, nothing, [...words, '/bin/cat', token])
      return spawnSync(program, rest, { encoding: 'utf8' }).stdout
    }
    expect([read([]), read(as)]).toEqual(['secret', ''])
  })
})
