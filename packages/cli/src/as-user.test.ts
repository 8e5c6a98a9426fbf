import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type Asker, askerFor, askerIfAny, developmentToken } from './as-user.ts'
import { makeHolderKey } from './bound/index.ts'
import { loginFile } from './login/index.ts'
import { appWith } from './testing.ts'

// A server of an app, and its issuer: the protocol of the latter alone, which login.test.ts has whole.
let app: ReturnType<typeof appWith>
let servers: readonly Server[]
let issuer: string
/** What the issuer answers to whatever it is asked. */
let answers: Readonly<Record<string, readonly [status: number, body: object]>>
let asked: string[]
/** What the person says who is asked; undefined where nobody is there. */
let says: boolean | undefined

const key = makeHolderKey()
const tokens = { access_token: 'a2', refresh_token: 'r2', expires_in: 60, token_type: 'DPoP' }
const flags = { mfa: false, device: false }

beforeEach(async () => {
  ;[answers, asked, says] = [{}, [], undefined]
  app = appWith({ 'sallyport.yaml': 'app: checkout\n', '.sallyport/api-token': 'local-token\n', 'ca.pem': '' })
  const provider = createServer((message, response) => {
    asked.push(message.url ?? '')
    const [status, body] = answers[message.url ?? ''] ?? [404, {}]
    message.resume().once('end', () => response.writeHead(status).end(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}` // it listens on an address
  const status = JSON.stringify({ issuer, caFile: join(app.folder, 'ca.pem') })
  const local = createServer((message, response) => void message.resume().once('end', () => response.end(status)))
  await new Promise<void>((resolve) => local.listen(join(app.folder, '.sallyport/api.sock'), resolve))
  servers = [provider, local]
})
afterEach(async () => {
  for (const server of servers) server.closeAllConnections()
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  app.remove()
})

const terminal = (): Parameters<typeof askerFor>[0] => {
  const output = { write: (): void => undefined }
  const process = { stdout: output, stderr: output, env: { XDG_CONFIG_HOME: join(app.folder, 'home') } }
  return { process, ask: () => Promise.resolve(says) }
}
const file = (): ReturnType<typeof loginFile> => loginFile(issuer, terminal().process.env)
const keep = (expiresAt: number): void =>
  file().write({ issuer, key, accessToken: 'a1', refreshToken: 'r1', expiresAt })
const asker = (): Promise<Asker> => askerFor(terminal(), app.folder, flags)

describe('whoever signed in on this machine', () => {
  test('asks with the token that was kept, while it is good', async () => {
    expect(await askerIfAny(terminal(), app.folder, flags)).toBeUndefined()
    await expect(asker()).rejects.toMatchObject({ code: 'cli.usage' })
    keep(Date.now() + 3_600_000)
    expect((await asker()).person).toMatchObject({ accessToken: 'a1' })
    expect((await askerIfAny(terminal(), app.folder, flags))?.person).toMatchObject({ accessToken: 'a1' })
    expect(asked).toEqual([])
  })

  test('has it renewed before it ends, and is nobody any more where it is not', async () => {
    keep(Date.now() + 20_000)
    answers = { '/token': [200, tokens] }
    expect((await asker()).person).toMatchObject({ accessToken: 'a2' })
    expect(file().read()).toMatchObject({ refreshToken: 'r2' })
    keep(0)
    answers = { '/token': [400, { error: 'invalid_grant' }] }
    await expect(asker()).rejects.toMatchObject({ code: 'cli.usage' })
    expect(existsSync(file().path)).toBe(false)
  })

  test('is told the users of development, where there are some', async () => {
    await expect(asker()).rejects.toMatchObject({ message: expect.not.stringContaining('there are') })
    writeFileSync(join(app.folder, '.sallyport/development-sign-in.json'), '{"users":{"alice":{},"bob":{}}}')
    await expect(asker()).rejects.toMatchObject({ message: expect.stringContaining('(there are alice, bob)') })
  })

  test('signs in again for what asks for it after a yes, and not without one', async () => {
    keep(Date.now() + 3_600_000)
    const begun = { device_code: 'd', user_code: 'ABCD-EFGH', verification_uri: issuer, interval: 0, expires_in: 60 }
    answers = { '/device/auth': [200, begun], '/token': [200, tokens] }
    const { stepUp } = await asker()
    for (const answer of [undefined, false]) {
      says = answer
      expect(await stepUp({ maxAge: '60' })).toBeUndefined()
    }
    expect(asked).toEqual([])
    says = true
    expect(await stepUp({ maxAge: '60' })).toMatchObject({ accessToken: 'a2' })
    expect(file().read()).toMatchObject({ accessToken: 'a2' })
  })
})

describe('a user of development', () => {
  const details = join('.sallyport', 'development-sign-in.json')
  const signIn = (as: string): Promise<string> => developmentToken(app.folder, { ...flags, as })

  test('that the issuer did not make is nobody', async () => {
    const device = { id: 'd-1', privateJwk: {} }
    const alice = { password: 'no secret', totpUri: 'otpauth://totp/a?secret=AAAA', device }
    writeFileSync(join(app.folder, details), JSON.stringify({ users: { alice, bob: {} } }))
    for (const name of ['eve', 'constructor', 'bob']) {
      await expect(signIn(name), name).rejects.toMatchObject({
        code: 'cli.unknown_name',
        message: expect.stringContaining('it has alice, bob'),
      })
    }
    expect(asked).toEqual([])
    await expect(signIn('alice'), 'control').rejects.toMatchObject({ code: 'sign_in.refused' })
    expect(asked).toHaveLength(1)
  })

  test('is nobody where there is no file of them, or one that is none', async () => {
    for (const text of [undefined, '[]', '{']) {
      if (text === undefined) rmSync(join(app.folder, details), { force: true })
      else writeFileSync(join(app.folder, details), text)
      await expect(signIn('alice'), String(text)).rejects.toMatchObject({ code: 'cli.no_sign_in' })
    }
  })
})
