import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, rmSync, truncateSync } from 'node:fs'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'

import { endAll, makeApp, type Refused, start, startRefused, type StartOptions, type TestApp } from './harness.ts'

const root = process.getuid?.() === 0
const asRoot = { skip: root ? false : 'only root can make this so' }

/** One app that has been in use: its state is what the tests damage, each a copy of its own. */
let used: TestApp
let app: TestApp

before(async () => {
  used = await makeApp()
  const server = await start(used)
  const token = await used.token('alice')
  for (const id of ['n1', 'n2', 'n3']) await server.send({ method: 'PUT', path: `/notes/${id}`, token, body: id })
  await server.stop()
})
after(() => used.remove())
afterEach(async () => {
  await endAll()
  app.remove()
})

async function fresh(): Promise<TestApp> {
  app = await makeApp()
  return app
}

async function inUse(): Promise<TestApp> {
  await fresh()
  // Node's own copy would leave private folders open.
  assert.equal(spawnSync('cp', ['-a', used.state, app.state]).status, 0)
  app.write('pool.jwks.json', used.read('pool.jwks.json')) // other keys would be wider access
  return app
}

/** What every refusal has: an exit code, one error with its code, and nothing left of what had been started. */
async function refusal(code: string, options: StartOptions = {}): Promise<Refused> {
  const refused = await startRefused(app, options)
  assert.equal(refused.code, 2, refused.said)
  assert.match(refused.said, new RegExp(`^error ${code.replace('.', '\\.')}: `))
  assert.doesNotMatch(refused.said, /ready in +\d+ ms|^ +at .*:\d+:\d+/m)
  assert.deepEqual(refused.left, [])
  assert.ok(!existsSync(join(app.state, 'api.sock')))
  return refused
}

test('a malformed manifest is refused with every fault at once, each with its place and what to try', async () => {
  await fresh()
  app.edit('sallyport.yaml', 'press: [print]\n      notes-table', 'pres: [print]\n      notes-table')
  app.edit('sallyport.yaml', 'timeout: 1s', 'timeout: soon')
  app.edit('sallyport.yaml', 'PUT /notes/:id: { who: [writer] }', 'PUT /notes/:id: { who: [writter] }')
  const { said } = await refusal('manifest.faulty')
  for (const [line, text] of app.read('sallyport.yaml').split('\n').entries()) {
    const column = text.search(/pres:|soon|writter/)
    if (column >= 0) assert.match(said, new RegExp(`^  sallyport.yaml:${line + 1}:${column + 1} manifest\\.`, 'm'))
  }
  assert.equal(said.match(/^ {2}sallyport\.yaml:\d+:\d+ /gm)?.length, 3)
  assert.match(said, /try: did you mean "press"\?/)
  assert.match(said, /try: did you mean "writer"\?/)
  // Only root can make the folder for a server that gave up root: it is there, and empty.
  assert.deepEqual(existsSync(app.state) ? readdirSync(app.state) : [], [], 'a refused manifest makes no state')
})

test('a folder without a manifest is refused', async () => {
  await fresh()
  rmSync(join(app.folder, 'sallyport.yaml'))
  const { said } = await refusal('manifest.missing')
  assert.match(said, /There is no sallyport\.yaml in /)
  assert.match(said, /fix: sallyport init /)
  assert.ok(!existsSync(app.state))
})

test('a function whose file is missing is refused with the line that names it', async () => {
  await fresh()
  app.edit('sallyport.yaml', 'code: src/notes.ts', 'code: src/gone.ts')
  const { said } = await refusal('manifest.faulty')
  const line =
    app
      .read('sallyport.yaml')
      .split('\n')
      .findIndex((text) => text.includes('src/gone.ts')) + 1
  assert.match(said, new RegExp(`sallyport.yaml:${line}:11 manifest.file_missing: .*src/gone.ts`))
})

test('code that does not parse is refused with file, line and column', async () => {
  await fresh()
  app.write('src/trouble.ts', 'export const handler = () => {\n  return (\n')
  const { said } = await refusal('build.failed')
  assert.match(said, /^ {2}src\/trouble\.ts:\d+:\d+ build\.failed: /m)
})

test('an unknown flag is an error, for it could have been a guard', async () => {
  await fresh()
  const { said } = await refusal('server.usage', { args: ['--permissive'] })
  assert.match(said, /--permissive/)
})

for (const flag of ['--port', '--issuer-port']) {
  test(`a port in use is named, with what to do: ${flag}`, async () => {
    await fresh()
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as AddressInfo // listening on TCP, so it is one
    try {
      const { said } = await refusal('server.port_in_use', { args: [flag, String(port)] })
      assert.match(said, new RegExp(`Port ${port} is taken`))
      assert.match(said, new RegExp(`fix: sallyport up .*${flag} 0`))
    } finally {
      holder.close()
    }
  })
}

test('without bubblewrap nothing runs, and the command that installs it is printed', asRoot, async () => {
  await fresh()
  // Hidden in a mount namespace of that server's own: this machine keeps its bubblewrap.
  const hide = 'mount --bind /dev/null "$(readlink -f /usr/bin/bwrap)" && exec "$0" "$@"'
  const { said } = await refusal('host.isolation_unavailable', { inside: ['unshare', '-m', 'sh', '-c', hide] })
  assert.match(said, /programs: missing: bwrap/)
  assert.match(said, /fix: apt-get install -y bubblewrap/)
})

/** What may happen to files, and what the operator must then read. */
const damages: readonly { what: string; code: string; names: RegExp; damage: (state: string) => void }[] = [
  {
    what: 'a store that was cut short',
    code: 'store.damaged',
    names: /state\.sqlite is damaged[^]*fix: mv /,
    damage: (state) => truncateSync(join(state, 'state.sqlite'), 5_000),
  },
  {
    what: 'a store that is something else',
    code: 'store.damaged',
    names: /state\.sqlite/,
    damage: (state) => {
      for (const name of readdirSync(state)) if (name.startsWith('state.sqlite-')) rmSync(join(state, name))
      writeFileSync(join(state, 'state.sqlite'), 'not a database, '.repeat(1_000))
    },
  },
  {
    what: 'a changed byte in the data keys',
    code: 'vault.damaged',
    names: /data-keys\.json/,
    damage: (state) => flip(join(state, 'keys/data-keys.json'), (text) => text.indexOf('"sealed": "') + 30),
  },
  {
    what: 'a changed byte in the root key',
    code: 'vault.damaged',
    names: /root\.key/,
    damage: (state) => flip(join(state, 'keys/root.key'), (text) => text.indexOf(' ') + 10),
  },
  {
    what: 'a lost root key',
    code: 'vault.damaged',
    names: /root\.key is missing/,
    damage: (state) => rmSync(join(state, 'keys/root.key')),
  },
  {
    what: 'a changed byte in a sealed secret',
    code: 'vault.damaged',
    names: /ledger-key/,
    damage: (state) => {
      const file = readdirSync(join(state, 'keys/secrets')).find((name) => name.includes('ledger-key')) ?? ''
      flip(join(state, 'keys/secrets', file), (text) => Math.floor(text.length / 2))
    },
  },
  {
    what: 'a changed byte in the middle of the ledger',
    code: 'ledger.damaged',
    names: /00000000\.seg[^]*Restore the ledger folder/,
    damage: (state) => flip(join(state, 'ledger/00000000.seg'), (text) => Math.floor(text.length / 2)),
  },
  {
    what: 'a ledger that lost its last records',
    code: 'ledger.forked',
    names: /holds \d+ records, and a checkpoint was signed over \d+/,
    damage: (state) => {
      const file = join(state, 'ledger/00000000.seg')
      truncateSync(file, Math.floor(readFileSync(file).length / 2))
    },
  },
  {
    what: 'a ledger without its checkpoint',
    code: 'ledger.forked',
    names: /checkpoint is missing/,
    damage: (state) => rmSync(join(state, 'ledger/checkpoint')),
  },
]

for (const { what, code, names, damage } of damages) {
  test(`${what} is found, named, and nothing runs on it`, async () => {
    await inUse()
    damage(app.state)
    const { said } = await refusal(code)
    assert.match(said, names)
  })
}

test('the same state without damage serves: what refused the others was the damage', async () => {
  await inUse()
  const server = await start(app)
  const { text } = await server.send({ path: '/notes/n2', token: await used.token('alice') })
  assert.match(text, /"text":\{"S":"n2"\}/)
  await server.stop()
})

test('a state folder that belongs to somebody else is refused', asRoot, async () => {
  await inUse()
  chownSync(app.state, 65_534, 65_534)
  const { said } = await refusal('state.foreign')
  assert.match(said, /\.sallyport is not a folder of this user/)
  assert.match(said, /fix: .*chown -R/)
})

test('a key file that others may read is refused', async () => {
  await inUse()
  chmodSync(join(app.state, 'keys/root.key'), 0o644)
  const { said } = await refusal('vault.permissions')
  assert.match(said, /fix: .*chmod .*600 /)
})

function flip(file: string, place: (text: string) => number): void {
  const bytes = readFileSync(file)
  const at = place(bytes.toString('latin1'))
  // Stays a letter or digit where it was one, so that the file keeps its form and only its content changes.
  bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41
  writeFileSync(file, bytes)
}
