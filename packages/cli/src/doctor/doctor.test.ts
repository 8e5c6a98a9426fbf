import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
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

async function findings(): Promise<ReadonlyMap<string, Finding>> {
  const { stdout } = await type(['doctor', '--json'], { cwd: app.folder })
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
  const { stdout, exitCode } = await type(['doctor', '--app', broken.folder], { cwd: '/' })
  broken.remove()
  expect(stdout).toMatch(/FAIL manifest: /)
  expect(exitCode).toBeGreaterThan(0)
})

test('a port that somebody else has is told', async () => {
  const server = createServer()
  const mine = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)) // somebody has it already, which will do as well
    server.listen(8444, '127.0.0.1', () => resolve(true))
  })
  const found = await findings()
  if (mine) await new Promise((resolve) => server.close(resolve))
  expect(found.get('ports')).toMatchObject({ ok: false, fix: expect.stringContaining('--issuer-port 0') })
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
