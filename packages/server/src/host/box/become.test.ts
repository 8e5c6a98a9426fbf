import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { joining } from './become.ts'

const tools = { bash: '/usr/bin/bash', setpriv: '/usr/bin/setpriv' }
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-become-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(entrances: readonly string[], uid: number | undefined, command: readonly string[]): string {
  const [program, ...argv] = joining(tools, entrances, uid, command)
  return execFileSync(program, argv, { encoding: 'utf8', env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
}

it('what runs has entered every one of its groups first', () => {
  const entrances = ['memory', 'pids'].map((name) => join(folder, name))
  expect(run(entrances, undefined, ['/bin/cat', ...entrances])).toBe('0\n0\n')
})

it('nothing runs where one of its groups cannot be entered', () => {
  const done = join(folder, 'done')
  const [first, absent] = [join(folder, 'first'), join(folder, 'absent/cgroup.procs')]
  run([first], undefined, ['/bin/cp', '/dev/null', done])
  expect(existsSync(done), 'control').toBe(true)
  rmSync(done)
  expect(() => run([first, absent], undefined, ['/bin/cp', '/dev/null', done])).toThrow(
    expect.objectContaining({ status: 1 }),
  )
  expect(existsSync(done)).toBe(false)
})

it.skipIf(process.getuid?.() !== 0)('what runs is its user with no group but its own (as root only)', () => {
  const identity = (): string => run([], 40_001, ['/bin/grep', '-E', '^(Uid|Gid|Groups):', '/proc/self/status'])
  expect(
    identity()
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  ).toEqual([['Uid:', ...Array(4).fill('40001')], ['Gid:', ...Array(4).fill('40001')], ['Groups:'], ['']])
})

it('no start-up file of the user is read, also where standard input is a socket', () => {
  writeFileSync(join(folder, '.bashrc'), `echo read >${folder}/bashrc-was-read`)
  const env = { HOME: folder }
  const read = (): string | undefined =>
    existsSync(join(folder, 'bashrc-was-read')) ? readFileSync(join(folder, 'bashrc-was-read'), 'utf8') : undefined
  const [program, ...argv] = joining(tools, [], undefined, ['/bin/true'])
  expect(spawnSync(program, argv, { env, stdio: ['pipe', 'ignore', 'ignore'] }).status).toBe(0)
  expect(read()).toBeUndefined()
  spawnSync(tools.bash, ['-c', ':'], { env, stdio: ['pipe', 'ignore', 'ignore'] })
  expect(read(), 'control: such a shell would read it').toBe('read\n')
})
