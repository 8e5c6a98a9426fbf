import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'
import { paste } from './terminal.ts'
import { anyPorts, fix, open, portOf, refusing, serverProgram, serving } from './world.ts'

const asRoot = process.getuid?.() === 0
const nobody = 65_534
/** An app that names a file of its own. */
const readable = `app: readable
zones: { public: { from: [internet] } }
functions:
  hello:
    zone: public
    code: hello.ts
    routes: { POST /hello: { who: [anyone], body: schemas/hello.json } }
`

/** Fixes of what keeps a server from starting. */
export function ofTheServer(): void {
  fix(
    ['server/ledger kill', 'server/start sallyport', 'server/start sallyport up --help'],
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
      const usage = await refusing(`${serverProgram} up '${folder}' and-another`, '/')
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
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
      const ports = `--port 0 --issuer-port ${portOf(taken)}`
      const doctor = async (): Promise<string> => (await paste(`sallyport doctor ${ports}`, folder)).text
      const said = await doctor()
      const fixOf = (name: string): string => new RegExp(`FAIL ${name}: .*\\n +fix: (.+)`).exec(said)?.[1] ?? ''
      assert.equal((await paste(fixOf('state folder'), '/')).code, 0)
      assert.match(await doctor(), /ok {3}state folder/)
      await (await serving(fixOf('ports'), '/')).stop()
      taken.close()
    },
  )

  const ofFiles = ['server/stores mv', 'server/vault chmod', 'server/operation rm', 'server/operation mv']
  fix(ofFiles, 'a damaged or an open file of the state, and a link in it, is mended', async () => {
    const folder = open()
    const up = `sallyport up '${folder}' ${anyPorts}`
    await (await serving(up, '/')).stop()
    symlinkSync('/etc/hosts', join(folder, '.sallyport/logs/planted'))
    const linked = await refusing(up, '/')
    assert.match(linked.text, /state\.foreign/)
    assert.equal((await paste(linked.fix, '/')).code, 0) // and the start below finds none
    for (const [code, breakIt] of [
      ['store.damaged', () => writeFileSync(join(folder, '.sallyport/state.sqlite'), 'x'.repeat(8192))],
      ['state.damaged', () => writeFileSync(join(folder, '.sallyport/development-sign-in.json'), '{"users":')],
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
      'server/start chown -R 0',
      'server/start rm',
      'server/operation chown -R',
      'cli chown -R',
      'server/host rm -r',
      'server/host rm -r',
      'server/host chmod go+x',
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
      // Root that is kept takes nothing over, and finds what a server without root left.
      const kept = `${up} --keep-root`
      for (const code of ['state.foreign', 'host.runtime_folder']) {
        const refused = await refusing(kept, '/')
        assert.ok(refused.text.includes(code), refused.text)
        assert.equal((await paste(refused.fix, '/')).code, 0, refused.fix)
      }
      await (await serving(kept, '/')).stop()
      symlinkSync('/etc', join(state, 'planted'))
      const linked = await refusing(up, '/')
      assert.match(linked.text, /state\.foreign/)
      assert.equal((await paste(linked.fix, '/')).code, 0)
      await (await serving(up, '/')).stop()
    },
    { skip: asRoot ? false : 'only root can give a file to somebody else' },
  )

  fix(
    ['server/start chmod', 'server/start chmod o+x', 'server/start chgrp', 'server/start chmod g=rX'],
    'what a server that gave up root cannot read is opened to it',
    async () => {
      const folder = open({
        'sallyport.yaml': readable,
        'hello.ts': 'export const handler = () => 1\n',
        'schemas/hello.json': '{ "type": "object" }',
      })
      const up = `sallyport up '${folder}' ${anyPorts}`
      chmodSync(folder, 0o700)
      chownSync(folder, nobody, nobody)
      for (const closed of ['schemas', 'schemas/hello.json'])
        chmodSync(join(folder, closed), closed === 'schemas' ? 0o700 : 0o600)
      for (const begins of [/^chmod o\+rx /, /^chmod o\+x /, /^chgrp \d+ /]) {
        const refused = await refusing(up, '/')
        assert.match(refused.text, /server\.unreadable/)
        assert.match(refused.fix, begins)
        assert.equal((await paste(refused.fix, '/')).code, 0, refused.fix)
      }
      await (await serving(up, '/')).stop()
    },
    { skip: asRoot ? false : 'only root can give root up' },
  )
}
