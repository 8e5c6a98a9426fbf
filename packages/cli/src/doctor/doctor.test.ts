import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { appWith, type } from '../testing.ts'
import type { Finding } from './finding.ts'

// It tries what this machine can do, by starting processes.
vi.setConfig({ testTimeout: 30_000 })

const manifest = `app: small
zones: { public: { from: [internet] } }
functions:
  hello: { zone: public, code: hello.ts }
`
let app: ReturnType<typeof appWith>
beforeEach(() => (app = appWith({ 'sallyport.yaml': manifest, 'hello.ts': 'export const handler = () => 1\n' })))
afterEach(() => app.remove())

/** Any ports unless named: whoever has the usual ones, or tries them at this moment, changes nothing here. */
async function findings(port = 0): Promise<ReadonlyMap<string, Finding>> {
  const ports = ['--port', '0', '--issuer-port', String(port)]
  const { stdout } = await type(['doctor', '--json', ...ports], { cwd: app.folder })
  const { findings: found }: { findings: readonly Finding[] } = JSON.parse(stdout)
  return new Map(found.map((one) => [one.name, one]))
}

test('an app that loads and has no state yet is fine', async () => {
  const found = await findings()
  expect(found.get('manifest')).toMatchObject({ ok: true })
  expect(found.get('state folder')).toMatchObject({ ok: true })
})

test('a state folder that others can enter is told, with what closes it', async () => {
  const state = join(app.folder, '.sallyport')
  mkdirSync(state)
  chmodSync(state, 0o755)
  const { ok, fix = '' } = (await findings()).get('state folder') ?? { ok: true }
  expect(ok).toBe(false)
  execFileSync('bash', ['-c', fix])
  expect((await findings()).get('state folder')).toMatchObject({ ok: true })
})

test('a manifest that does not load is told', async () => {
  const broken = appWith({ 'sallyport.yaml': 'app: [\n' })
  const { stdout, exitCode } = await type(['doctor', '--port', '0', '--issuer-port', '0', '--app', broken.folder], {
    cwd: '/',
  })
  broken.remove()
  expect(stdout).toMatch(/FAIL manifest: /)
  expect(exitCode).toBeGreaterThan(0)
})

test('a port that somebody else has is told', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
  const taken = (await findings(port)).get('ports')
  await new Promise((resolve) => server.close(resolve))
  expect(taken).toMatchObject({ ok: false, fix: expect.stringContaining('--issuer-port 0') })
  expect(taken?.detail).toContain(String(port))
  expect((await findings()).get('ports')).toMatchObject({ ok: true })
})

test('outside of any app it looks at the machine alone', async () => {
  const { stdout } = await type(['doctor'], { cwd: '/' })
  expect(stdout).toMatch(/^ok {3}Node: /)
  expect(stdout).not.toContain('manifest')
})

test('tells how strongly each control of boxes holds on this machine', async () => {
  const found = await findings()
  for (const name of ['programs', 'user-namespaces', 'system-call-filter', 'network', 'disk', 'door-parsers'])
    expect(found.get(name), name).toMatchObject({ ok: true, strength: 'hard' })
  for (const name of ['memory-and-processes', 'processor', 'function-uid', 'server-rights'])
    expect(found.get(name)?.strength, name).toMatch(/^(hard|cooperative|absent)$/)
  for (const name of ['box', 'workerd', 'gvisor', 'http', 'lambda'].map((one) => `engine ${one}`))
    expect(found.get(name)?.strength, name).toMatch(/^(hard|cooperative|absent)$/)
  // Where runsc is, it makes that boundary.
  const gvisor = found.get('engine gvisor')?.strength
  expect(found.get('boundary-between-tenants')).toMatchObject({ ok: true, strength: gvisor })
})
