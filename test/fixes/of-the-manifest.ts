import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { findRunningApp, type RunningApp, send, tokens } from '@sallyport/cli'

import { fixIn, paste } from './terminal.ts'
import { anyPorts, fix, open, serving, untilAllowed } from './world.ts'

/** Fixes of what the manifest does not allow. */
export function ofTheManifest(): void {
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
    fix(kinds, `what can refuses is allowed once its fix is pasted: ${name}`, () =>
      untilAllowed(open(), question, codes),
    )
  }

  fix(
    ['manifest allow'],
    'a name that no door has is told with what gives it one, once code asked for it',
    async () => {
      const folder = open()
      const ask = `export const handler = async () => {
  const answer = await fetch('https://api.github.com/').catch(({ cause }) => cause)
  return { statusCode: 200, body: String(answer.code ?? answer.status) }
}
`
      writeFileSync(join(folder, 'front.ts'), ask)
      const server = await serving(`sallyport up '${folder}' ${anyPorts}`, '/')
      const app: RunningApp | undefined = await findRunningApp(folder)
      assert.ok(app)
      const buy = { method: 'POST', path: '/buy', token: await tokens()(app, 'alice') }
      assert.equal((await send(app, buy)).status, 200)
      await server.stop()
      const refused = await paste('sallyport why --last', folder)
      assert.match(refused.text, /dns\.unlisted: The name api\.github\.com is not declared/)
      const allow = fixIn(refused)
      assert.equal(allow, "sallyport allow front 'github.get=GET https://api.github.com/'")
      assert.equal((await paste(allow, folder, { text: 'y\n', at: 'terminal' })).code, 0)
      assert.equal((await paste('sallyport can front GET https://api.github.com/', folder)).code, 0)
    },
  )

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
}
