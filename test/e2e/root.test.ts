import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'

import { command } from '@sallyport/cli'

import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'
import { footprintOf } from './footprint.ts'
import { endAll, makeApp, recordsOf, start, startRefused, type TestApp, until } from './harness.ts'

// What root starts, and what of root is left in it. That it may do nothing that root may is tried beside the code.
const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root can give root up' }

let app: TestApp
let alice: string

before(async () => {
  app = await makeApp()
  alice = await app.token('alice')
})
afterEach(endAll)
after(() => app.remove())

const keep = (id: string) => ({ method: 'PUT', path: `/notes/${id}`, token: alice, body: `text of ${id}` })
const note = (id: string) => ({ path: `/notes/${id}`, token: alice })

const statusOf = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\t(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
const compiledFor = (pid: number): string | undefined =>
  /(?:^|\0)NODE_COMPILE_CACHE=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1]
const uidOf = (pid: number): number => Number(statusOf(pid, 'Uid').split('\t')[0])

/** Everything in a folder, and the folder. */
function everythingIn(folder: string): readonly string[] {
  return [folder, ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))]
}

function mayRead(uid: number, path: string): boolean {
  const as = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--', 'cat', path]
  return spawnSync('setpriv', as, { stdio: 'ignore' }).status === 0
}

test('root is kept only where that is asked for, and banner and records say so', asRoot, async () => {
  const server = await start(app, { args: ['--keep-root'] })
  assert.equal((await server.send(keep('early'))).status, 200)
  assert.equal(uidOf(server.pid), 0)
  assert.match(server.stdout(), /server-rights absent \(root is kept\)/)
  const told = (await recordsOf(app)).filter(({ kind }) => kind === 'decision')
  assert.ok(told.some((record) => 'isolation' in record && record.isolation === 'box (hard), root kept'))
  // Beside it nothing is taken over: its files are in use.
  assert.match((await startRefused(app)).said, /^error ledger\.locked: /)
  await server.stop()
  assert.equal(lstatSync(app.state).uid, 0)
})

test('a server that root starts gives root up, takes its state along, and goes on where it was', asRoot, async () => {
  const cache = join(app.folder, 'compiled')
  const environment = { NODE_COMPILE_CACHE: cache }
  mkdirSync(cache)
  chmodSync(app.folder, 0o755)
  chmodSync(cache, 0o777) // whoever writes there would be the server
  const server = await start(app, { environment })
  assert.equal(compiledFor(server.pid), join(runtimeFolderFor(app.state), 'compiled'))
  const uid = uidOf(server.pid)
  assert.ok(uid >= 1_900_000_000 && uid % 1_000 === 0, `it runs as ${uid}`)
  for (const name of ['Uid', 'Gid']) assert.equal(statusOf(server.pid, name), Array(4).fill(uid).join('\t'))
  assert.equal(statusOf(server.pid, 'Groups').trim(), '')
  const map = readFileSync(`/proc/${server.pid}/uid_map`, 'utf8').trim().split(/\s+/).map(Number)
  assert.deepEqual(map, [0, uid, 1, uid + 1, uid + 1, 999])
  assert.match((await server.send(note('early'))).text, /text of early/)
  assert.equal((await server.send(keep('late'))).status, 200)
  await server.send({ method: 'POST', path: '/trouble/answers', token: alice })

  // Each function is somebody else, in control groups that the server was given.
  const boxes = footprintOf(server.pid).processes.filter(({ pid, command: line }) => {
    return line.includes('bwrap') && uidOf(pid) !== uid
  })
  const users = new Set(boxes.map(({ pid }) => uidOf(pid)))
  assert.ok(users.size > 1, `functions run as ${[...users].join(', ')}`)
  for (const user of users) assert.ok(user > uid + 1 && user < uid + 1_000, String(user))
  for (const { pid } of boxes)
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`/sallyport\\.${uid}/`))

  // The state is the server's alone: no function's user reads it, and what root's commands do changes no owner.
  const token = join(app.state, 'api-token')
  assert.deepEqual(
    [mayRead(uid, token), ...[...users].map((user) => mayRead(user, token))],
    [true, ...[...users].map(() => false)],
  )
  for (const words of [['why', '--last'], ['logs'], ['grants']]) {
    const { exitCode, stderr } = await command([...words, '--app', app.folder])
    assert.equal(exitCode, 0, `${words[0]}: ${stderr}`)
  }
  const { stdout: doctor } = await command(['doctor', '--app', app.folder])
  assert.match(doctor, /^ok {3}server-rights \(hard\): /m)
  assert.match(doctor, /^ok {3}state folder: /m)
  for (const path of everythingIn(app.state)) assert.equal(lstatSync(path).uid, uid, path)
  await server.stop()

  chmodSync(cache, 0o755)
  const again = await start(app, { environment })
  assert.equal(compiledFor(again.pid), cache)
  assert.equal(uidOf(again.pid), uid)
  assert.match((await again.send(note('late'))).text, /text of late/)
  await again.stop()
  assert.match((await startRefused(app, { args: ['--keep-root'] })).said, /^error state\.foreign: /)
})

test('a link in the place of the state folder is not followed', asRoot, async () => {
  const [aside, target] = [`${app.state}-aside`, join(app.folder, 'target')]
  renameSync(app.state, aside)
  mkdirSync(target)
  symlinkSync(target, app.state)
  const { said, code } = await startRefused(app)
  assert.equal(code, 2)
  assert.match(said, /^error state\.foreign: /)
  assert.equal(lstatSync(target).uid, 0)
  rmSync(app.state)
  rmSync(target, { recursive: true })
  renameSync(aside, app.state)
})

test('an app in a folder that root alone may enter is served, and dev sees its changes', asRoot, async () => {
  const closed = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-e2e-closed-')))
  const inside = await makeApp()
  const folder = join(closed, 'work/app')
  try {
    mkdirSync(join(closed, 'work'))
    renameSync(inside.folder, folder)
    chmodSync(closed, 0o700)
    const server = await start({ folder }, { mode: 'dev' })
    assert.notEqual(uidOf(server.pid), 0)
    assert.equal((await server.send({ path: '/version' })).text, 'one')
    const source = join(folder, 'src/notes.ts')
    const text = readFileSync(source, 'utf8')
    rmSync(source)
    const next = spawnSync('sh', ['-c', 'cat > "$0"', source], { input: text.replace('one', 'two') })
    assert.equal(next.status, 0)
    await until('the new code', async () => (await server.send({ path: '/version' })).text === 'two', 30_000)
    await server.stop()
  } finally {
    rmSync(closed, { recursive: true, force: true })
    inside.remove()
  }
})
