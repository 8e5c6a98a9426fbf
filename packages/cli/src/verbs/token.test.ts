import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
const sub = 'spiffe://checkout/zone/restricted/function/payments'
let app: ReturnType<typeof appWith>
let server: Server

beforeEach(async () => {
  app = appWith({
    'sallyport.yaml': 'app: checkout\n',
    '.sallyport/api-token': 'local-token\n',
    '.sallyport/certificates/spiffe-bundle.json': JSON.stringify({ keys: [{ ...key, use: 'jwt-svid' }] }),
  })
  const caFile = join(app.folder, '.sallyport/certificates/gateway-ca.pem')
  server = createServer((_, response) => {
    response.end(JSON.stringify({ app: 'checkout', issuer: 'https://localhost:9443', caFile, pid: 1, gateway: 'g' }))
  })
  await new Promise<void>((resolve) => server.listen(join(app.folder, '.sallyport/api.sock'), resolve))
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  app.remove()
})

const svid = (claims: object = {}, kid = 'k1'): Promise<string> =>
  new SignJWT({ sub, aud: 'https://bank.example', exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
    .sign(privateKey)
const say = (input: string) => type(['token', '--json'], { cwd: app.folder, input })

test("a function's JWT-SVID proves which function it is, to whom and for whom; it is not itself printed", async () => {
  const more = { code: 'c0de', transaction: 't1', user: 'u1', actors: ['a1'], cnf: { 'x5t#S256': 'x' } }
  const text = await svid(more)
  const { exitCode, stdout } = await say(text)
  expect(exitCode).toBe(0)
  const { code, transaction, user, actors } = more
  const expected = { proves: true, subject: sub, audience: 'https://bank.example', code, transaction, user, actors }
  expect(JSON.parse(stdout)).toMatchObject({ ...expected, boundTo: 'x5t#S256' })
  expect(stdout).not.toContain(text.slice(0, 20))
  const words = await type(['token'], { cwd: app.folder, input: text })
  expect(words.stdout).toMatch(/^spiffe:\/\/checkout\/zone\/restricted\/function\/payments, a function of this app/)
})

test('it proves nothing once it is over, or where no key of the trust domain signed it', async () => {
  expect(JSON.parse((await say(await svid({ exp: 0 }))).stdout)).toMatchObject({ proves: false, code: 'svid.expired' })
  const unknown = await say(await svid({}, 'k2'))
  expect([unknown.exitCode, JSON.parse(unknown.stdout).code]).toEqual([1, 'svid.signature'])
  const changed = `${(await svid()).slice(0, -10)}AAAAAAAAAA`
  expect(JSON.parse((await say(changed)).stdout)).toMatchObject({ proves: false, code: 'svid.signature' })
})
