import { createHash } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { type Guests, openGuests } from '@sallyport/guests'
import {
  type App,
  checkApp,
  compileApp,
  describeAsk,
  explain,
  loadManifest,
  type Surroundings,
} from '@sallyport/manifest'
import { decide } from '@sallyport/core/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import initWabt from 'wabt'

const folder = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '')
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const surroundings: Surroundings = {
  readFile: (path) => readFileSync(path, 'utf8'),
  readBytes: (path) => readFileSync(path),
  realpath: (path) => realpathSync(path),
  sha256,
  environment: {},
}

function load(changes: Partial<Surroundings> = {}): App {
  const loaded = loadManifest(folder, { ...surroundings, ...changes })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded.app
}

const app = load()
let guests: Guests
beforeAll(async () => {
  guests = await openGuests(app.guests ?? [], () => undefined)
}, 120_000)
afterAll(() => guests.close())

async function codeOf(subject: string, object: string, from = app, asked = guests): Promise<string | undefined> {
  const ask = describeAsk(from, subject, object)
  if (ask.kind === 'unknown') throw new Error(ask.message)
  const [request] = await asked.suppose(ask.asks)
  if (request === undefined) throw new Error('nothing was asked')
  const compiled = compileApp(from)
  const decision = explain(decide(compiled.authority, [request]), compiled, from)
  return decision.reasons[0]?.code
}

test('its worked examples hold, and the one that a guest denies is denied by it', async () => {
  expect(await checkApp(app, guests.suppose)).toMatchObject({ ok: true })
  expect(await codeOf('editor', 'POST /notices')).toBe('guest.denied')
  expect(await codeOf('noah', 'DELETE /notices/n1')).toBe('guest.denied')
  expect(await codeOf('editor', 'DELETE /notices/n1')).toBe('policy.allow')
})

test('a guest that says yes gives nothing that the manifest does not', async () => {
  expect(await codeOf('reader', 'DELETE /notices/n1')).toBe('route.role_missing')
})

test('a route that is off the list is open again', async () => {
  const open = load({
    readFile: (path) =>
      path.endsWith('frozen.json') ? '{ "frozen": ["arn:x", "\\"]"] }' : surroundings.readFile(path),
  })
  const others = await openGuests(open.guests ?? [], () => undefined)
  try {
    expect(await codeOf('editor', 'POST /notices', open, others)).toBe('policy.allow')
  } finally {
    await others.close()
  }
}, 120_000)

test('without its guests nothing that they are asked about is allowed', async () => {
  const none = await openGuests([], () => undefined)
  expect(await codeOf('editor', 'DELETE /notices/n1', app, none)).toBe('guest.no_verdict')
})

test('the module is what its text says', async () => {
  const text = readFileSync(`${folder}/policies/freeze.wat`, 'utf8')
  const module = (await initWabt()).parseWat('freeze.wat', text)
  module.validate()
  expect(sha256(module.toBinary({}).buffer)).toBe(sha256(readFileSync(`${folder}/policies/freeze.wasm`)))
})
