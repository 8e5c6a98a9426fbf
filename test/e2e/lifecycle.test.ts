import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { connect as connectPlainly } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'

import { footprintOf, leftOf } from './footprint.ts'
import { endAll, launch, makeApp, recordsOf, start, startRefused, type TestApp, until, untilGone } from './harness.ts'

let app: TestApp
let alice: string

before(async () => {
  app = await makeApp()
  alice = await app.token('alice')
})
afterEach(endAll)
after(() => app.remove())

const note = (id: string, token: string) => ({ path: `/notes/${id}`, token })
const keep = (id: string, token: string) => ({ ...note(id, token), method: 'PUT', body: `text of ${id}` })

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} leaves no process, namespace, mount, control group or socket behind`, async () => {
    const server = await start(app)
    assert.equal((await server.send(keep(signal, alice))).status, 200)
    const footprint = footprintOf(server.pid)
    // The positive control: there was something to leave behind, and it is seen.
    assert.ok(footprint.processes.some(({ command }) => command.includes('bwrap')))
    assert.ok(footprint.namespaces.size > 0)
    assert.deepEqual(leftOf(footprint).length > 0, true)
    assert.ok(existsSync(join(app.state, 'api.sock')))
    assert.deepEqual(await server.stop(signal), { code, signal: null })
    await untilGone(footprint)
    assert.ok(!existsSync(join(app.state, 'api.sock')))
    assert.equal(server.stderr(), '')
  })
}

test('Ctrl-C twice, with a request that hangs and clients that say nothing, still ends by the first one', async () => {
  const server = await start(app)
  const { port } = new URL(server.status.gateway)
  const silent = [connectPlainly(Number(port), '127.0.0.1'), connectPlainly(server.apiSocket)]
  for (const socket of silent) socket.on('error', () => undefined)
  const hanging = server.send({ method: 'POST', path: '/trouble/hangs', token: alice }).catch(() => 'gone')
  await until('the request runs', async () =>
    (await recordsOf(app)).some(
      (record) => record.kind === 'decision' && record.asked[0]?.resource.endsWith('POST /trouble/:how'),
    ),
  )
  const footprint = footprintOf(server.pid)
  process.kill(server.pid, 'SIGINT')
  assert.deepEqual(await server.stop('SIGINT'), { code: 130, signal: null })
  await hanging
  await untilGone(footprint)
  // Whatever was running is settled, not forgotten: the next start finds nothing open.
  const next = await start(app)
  assert.doesNotMatch(next.stdout(), /found/)
  await next.stop()
})

test('a signal while it still starts ends it as well, with nothing left', async () => {
  const server = launch(app)
  const lock = join(app.state, 'ledger/lock.pid')
  const holder = (): string => (existsSync(lock) ? readFileSync(lock, 'utf8').trim() : '')
  await until('the state folder is taken', () => holder() === `${server.child.pid}`)
  const footprint = footprintOf(server.child.pid ?? 0)
  server.child.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: 143, signal: null })
  assert.deepEqual(leftOf(footprint), [])
  assert.doesNotMatch(server.stdout(), /ready in/)
  assert.ok(!existsSync(join(app.state, 'api.sock')))
})

test('a second up on the same folder is refused by name, and later goes on where the first stopped', async () => {
  const first = await start(app)
  const [ca, signIn] = [readFileSync(first.status.caFile, 'utf8'), app.read('.sallyport/development-sign-in.json')]
  assert.equal((await first.send(keep('kept', alice))).status, 200)
  const { code, said } = await startRefused(app)
  assert.equal(code, 2)
  assert.match(said, new RegExp(`error ledger.locked: Process ${first.pid} already writes `))
  assert.match(said, new RegExp(`fix: kill ${first.pid}\n`))
  // The one that was refused has taken nothing away from the one that runs.
  assert.equal((await first.send(note('kept', alice))).status, 200)
  await first.stop()
  const second = await start(app)
  assert.equal(readFileSync(second.status.caFile, 'utf8'), ca)
  assert.equal(app.read('.sallyport/development-sign-in.json'), signIn)
  assert.match((await second.send(note('kept', alice))).text, /text of kept/)
  await second.stop()
})

test('the gateway speaks TLS 1.3 and nothing older, on loopback', async () => {
  const server = await start(app)
  try {
    const { port } = new URL(server.status.gateway)
    const ca = readFileSync(server.status.caFile)
    const reach = (maxVersion: 'TLSv1.2' | 'TLSv1.3', to: string): Promise<string> =>
      new Promise((resolve) => {
        const options = { host: '127.0.0.1', servername: 'localhost', port: Number(new URL(to).port), maxVersion, ca }
        const socket: TLSSocket = connect(options, () => {
          resolve(socket.getProtocol() ?? '')
          socket.destroy()
        })
        socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
      })
    for (const to of [server.status.gateway, server.status.issuer]) {
      assert.equal(await reach('TLSv1.3', to), 'TLSv1.3')
      assert.equal(await reach('TLSv1.2', to), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    }
    assert.match(await answerInPlain(Number(port)), /^$|^HTTP\/1\.1 400/)
    assert.deepEqual(listensOn(server.pid, Number(port)), ['0100007F'])
  } finally {
    await server.stop()
  }
})

test('plain HTTP only when it is asked for, and only on loopback', async () => {
  const server = await start(app, { args: ['--http'] })
  try {
    assert.match(server.status.gateway, /^http:\/\/localhost:/)
    assert.match(server.status.issuer, /^https:/)
    const { status, text } = await server.send(note('kept', alice))
    assert.equal(status, 200, text + server.stderr())
    assert.deepEqual(listensOn(server.pid, Number(new URL(server.status.gateway).port)), ['0100007F'])
  } finally {
    await server.stop()
  }
})

function answerInPlain(port: number): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connectPlainly(port, '127.0.0.1')
    socket.write('GET /version HTTP/1.1\r\nhost: localhost\r\n\r\n')
    socket.on('data', (bytes: Buffer) => void (said += bytes.toString('latin1')))
    socket.on('error', () => resolve(said))
    socket.on('close', () => resolve(said))
  })
}

/** Local addresses, as the kernel writes them, on which something listens on this port (proc_net_tcp(5)). */
function listensOn(pid: number, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/)
        const [address = '', at] = local.split(':')
        return state === '0A' && at === wanted ? [address] : []
      }),
  )
}
