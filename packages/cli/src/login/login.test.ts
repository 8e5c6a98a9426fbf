import { mkdtempSync, readFileSync, rmSync, statSync, chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startTestProvider, type TestProvider } from '../../../server/src/identity-provider/testing/index.ts'
import { putWithRecoveryCodes } from '../../../server/src/identity-provider/testing/recovery.ts'
import { openVisit } from '../../../server/src/identity-provider/testing/visitor.ts'
import { thumbprintOf } from '../bound/index.ts'
import { runCommand } from '../run-command.ts'
import { appWith, type Transcript } from '../testing.ts'

let provider: TestProvider
let app: ReturnType<typeof appWith>
let server: Server
let home: string
const seen: (string | undefined)[] = []
const asked: string[] = []
const proofs: string[] = []
/** What the next administrative call is told. */
let challenge: string | undefined
let codesOfGrace: string[] = []

beforeAll(async () => {
  provider = await startTestProvider({ name: 'localhost' })
  home = mkdtempSync(join(tmpdir(), 'sallyport-home-'))
  const ada = provider.users.find('ada')
  if (ada !== undefined) codesOfGrace = putWithRecoveryCodes(provider.users, { ...ada, name: 'grace' })
  app = appWith({
    'sallyport.yaml': 'app: checkout\n',
    '.sallyport/api-token': 'local-token\n',
    'ca.pem': provider.caPem,
  })
  const status = {
    app: 'checkout',
    pid: 1,
    gateway: '',
    issuer: provider.issuerUrl,
    caFile: join(app.folder, 'ca.pem'),
  }
  server = createServer((message, response) => {
    const token = message.headers['x-sallyport-user-token']
    if (challenge !== undefined && message.url !== '/v1/status') {
      response.writeHead(401, { 'www-authenticate': challenge }).end('{}')
      challenge = undefined
      return
    }
    if (typeof message.headers['dpop'] === 'string') proofs.push(message.headers['dpop'])
    if (message.url !== '/v1/status') seen.push(typeof token === 'string' ? token : undefined)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status))
  })
  await new Promise<void>((resolve) => server.listen(join(app.folder, '.sallyport/api.sock'), resolve))
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await provider.close()
  app.remove()
  rmSync(home, { recursive: true })
})

/** Runs a command line with a home of its own; `heard` is told of each line that it says beside its answer. */
async function say(
  line: readonly string[],
  heard: (text: string) => void = () => undefined,
  agrees?: boolean,
): Promise<Transcript> {
  let [stdout, stderr] = ['', '']
  const process = {
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => heard((stderr += text)) },
    env: { PATH: '/usr/bin', XDG_CONFIG_HOME: home },
    exitCode: 0,
  }
  await runCommand(line, {
    process,
    cwd: app.folder,
    readInput: () => Promise.resolve(new Uint8Array()),
    input: async function* () {
      yield* []
    },
    ask: (question) => {
      asked.push(question)
      return Promise.resolve(agrees)
    },
    type: () => Promise.resolve(undefined),
    clock: Date.now,
  })
  return { stdout, stderr, exitCode: process.exitCode }
}

/** A person who enters the code in a browser of their own. */
async function enter(code: string, user = 'ada'): Promise<void> {
  const visit = openVisit(provider)
  const xsrf = /name="xsrf" value="([^"]+)"/.exec((await visit.send('GET', '/device')).body)?.[1] ?? ''
  const { location: path } = await visit.submit('/device', { xsrf, user_code: code, confirm: 'yes' })
  const fields = { user, password: visit.passwordOf('ada'), device_assertion: '' }
  await visit.submit(`${path}/password`, fields)
  // A code works once; a recovery code stands in where a person signs in again within the half minute.
  const recovery = codesOfGrace.shift() ?? ''
  const { location } =
    user === 'grace'
      ? await visit.submit(`${path}/recovery`, { recovery })
      : await visit.submit(`${path}/code`, { code: visit.codeOf(user) })
  await visit.send('GET', new URL(location).pathname)
}

test('somebody signs in through a browser, acts as themselves, renews, and signs out', async () => {
  expect(await say(['revoke', 'r1', '--reason', 'x'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('run sallyport login'),
  })
  let entered: Promise<void> | undefined
  const signedIn = await say(['login', '--json'], (text) => {
    const code = /enter ([A-Z]{4}-[A-Z]{4})/.exec(text)?.[1]
    if (code !== undefined) entered ??= enter(code)
  })
  await entered
  expect(signedIn.exitCode).toBe(0)
  const file: string = JSON.parse(signedIn.stdout).keptIn
  expect([statSync(file).mode & 0o777, file.startsWith(home)]).toEqual([0o600, true])
  const kept = JSON.parse(readFileSync(file, 'utf8'))
  expect(signedIn.stdout + signedIn.stderr).not.toContain(kept.accessToken)

  await say(['revoke', 'r1', '--reason', 'x'])
  expect(seen.at(-1)).toBe(kept.accessToken)
  const proved = await say(['token'])
  expect(proved.stdout).toMatch(/^ada, says https:\/\/localhost[\s\S]*pwd, otp, mfa \(two factors\)/)
  expect(proved.stdout).not.toContain(kept.accessToken)
  // Bound to a key that is in that file alone, and proved with every act.
  expect(proved.stdout).toMatch(/bound {5}jkt/)
  expect(decodeJwt(kept.accessToken)['cnf']).toEqual({ jkt: thumbprintOf(kept.key) })
  expect(decodeJwt(proofs.at(-1) ?? '')).toMatchObject({ htm: 'POST', htu: 'http://localhost/v1/elevation/r1/revoke' })

  // Once that key is enrolled as a device's, what is bound to it says so; the next token already.
  const ada = provider.users.find('ada')
  const thumbprint = thumbprintOf(kept.key)
  expect(JSON.parse(signedIn.stdout).deviceKey).toBe(thumbprint)
  expect(decodeJwt(kept.accessToken)['device']).toBeUndefined()
  if (ada !== undefined) provider.users.put({ ...ada, devices: [{ id: 'desk', type: 'laptop', thumbprint }] })

  // Renewed where it is due, once, however many commands want it.
  const { writeFileSync } = await import('node:fs')
  writeFileSync(file, JSON.stringify({ ...kept, expiresAt: 0 }))
  await Promise.all([1, 2, 3].map(() => say(['revoke', 'r1', '--reason', 'x'])))
  const renewed = JSON.parse(readFileSync(file, 'utf8'))
  expect(new Set(seen.slice(-3))).toEqual(new Set([renewed.accessToken]))
  expect(renewed.refreshToken).not.toBe(kept.refreshToken)
  expect(decodeJwt(renewed.accessToken)['device']).toEqual({ id: 'desk', managed: true, type: 'laptop' })
  expect(provider.ended).toEqual([])

  chmodSync(file, 0o644)
  expect(await say(['token'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('cli.login_file') })
  expect(await say(['logout'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('signed out') })
  expect(provider.ended.length).toBe(1)
  expect((await say(['revoke', 'r1', '--reason', 'x'])).exitCode).toBe(2)
}, 60_000)

test('who signed in too weakly or too long ago signs in again as the challenge says, if they agree', async () => {
  const signIn = (line: readonly string[], agrees?: boolean): Promise<Transcript> => {
    let entered: Promise<void> | undefined
    return say(
      line,
      (text) => {
        const code = /enter ([A-Z]{4}-[A-Z]{4})/.exec(text)?.[1]
        if (code !== undefined) entered ??= enter(code, 'grace')
      },
      agrees,
    )
  }
  await signIn(['login'])
  const before = seen.length
  const stronger = 'DPoP error="insufficient_user_authentication", acr_values="urn:sallyport:acr:mfa", max_age="300"'
  challenge = stronger
  expect((await signIn(['revoke', 'r1', '--reason', 'x'])).exitCode).toBe(1) // nobody is there to agree
  expect(seen.length).toBe(before)
  challenge = stronger
  expect((await signIn(['revoke', 'r1', '--reason', 'x'], true)).exitCode).toBe(0)
  expect(asked.at(-1)).toBe('This needs a sign-in with two factors, not older than 300 s. Sign in again?')
  expect(decodeJwt(seen.at(-1) ?? '')).toMatchObject({ sub: 'grace', acr: 'urn:sallyport:acr:mfa' })
  challenge = 'DPoP error="insufficient_scope", scope="refund"'
  await signIn(['revoke', 'r1', '--reason', 'x'], true)
  expect(decodeJwt(seen.at(-1) ?? '')).toMatchObject({ scope: 'call refund' })
  await say(['logout'])
}, 120_000)
