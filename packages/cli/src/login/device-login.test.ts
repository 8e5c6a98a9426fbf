import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { makeHolderKey } from '../bound/index.ts'
import { deviceLogin, endLogin, refreshLogin } from './device-login.ts'
import type { KeptLogin } from './kept-login.ts'

// The protocol alone: that no other authority is trusted shows where the provider speaks TLS.
let server: Server
let issuer: string
/** What the issuer answers to whatever it is asked: a status, and a body as it stands. */
let answers: Readonly<Record<string, readonly [status: number, body: string]>>
beforeEach(async () => {
  server = createServer((message, response) => {
    const [status, body] = answers[message.url ?? ''] ?? [404, '{}']
    message.resume().once('end', () => response.writeHead(status).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on an address
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const key = makeHolderKey()
const kept = (): KeptLogin => ({ issuer, key, accessToken: 'a1', expiresAt: 0, refreshToken: 'r1' })
const tokens = { access_token: 'a2', refresh_token: 'r2', expires_in: 60, token_type: 'DPoP' }
const renewed = (body: unknown): Promise<KeptLogin | undefined> => {
  answers = { '/token': [200, typeof body === 'string' ? body : JSON.stringify(body)] }
  return refreshLogin(kept(), '')
}

for (const [what, body] of [
  ['that is bound to no key', { ...tokens, token_type: 'Bearer' }],
  ['of no type', { ...tokens, token_type: undefined }],
  ['that is none', { ...tokens, access_token: undefined }],
  ['that ends nobody knows when', { ...tokens, expires_in: '60' }],
  ['in what is no object', 'null'],
  ['in what is no JSON', 'access_token=a2'],
] as const) {
  test(`a token ${what} is not kept`, async () => {
    expect(await renewed(tokens), 'control').toMatchObject({ accessToken: 'a2', refreshToken: 'r2', key })
    await expect(renewed(body)).rejects.toMatchObject({ code: 'sign_in.protocol' })
  })
}

test('a fault of the issuer quotes no token', async () => {
  await expect(renewed('{"access_token":"the-token-itself"')).rejects.toMatchObject({
    message: expect.not.stringContaining('the-token-itself'),
  })
})

test('a sign-in that is over is none, and one that could not be ended is told', async () => {
  answers = { '/token': [400, '{"error":"invalid_grant"}'], '/token/revocation': [500, '{}'] }
  expect(await refreshLogin(kept(), '')).toBeUndefined()
  await expect(endLogin(kept(), '')).rejects.toMatchObject({ code: 'sign_in.protocol' })
  answers = { '/token/revocation': [200, ''] }
  await expect(endLogin(kept(), ''), 'control').resolves.toBeUndefined()
})

test('of a sign-in without a refresh token there is nothing to renew or to end', async () => {
  answers = {}
  const { refreshToken: _, ...bare } = kept()
  expect(await refreshLogin(bare, '')).toBeUndefined()
  await expect(endLogin(bare, '')).resolves.toBeUndefined()
  answers = { '/token': [200, JSON.stringify({ ...tokens, refresh_token: undefined })] }
  expect(await refreshLogin(kept(), ''), 'control').not.toHaveProperty('refreshToken')
})

test('a sign-in that the person refuses, or that has no code, is none', async () => {
  const begun = { device_code: 'd', user_code: 'ABCD-EFGH', verification_uri: issuer, interval: 0, expires_in: 60 }
  const shown: string[] = []
  const signIn = (): Promise<KeptLogin> =>
    deviceLogin({ issuerUrl: issuer, caPem: '', key, show: (_, code) => shown.push(code) })
  answers = { '/device/auth': [200, JSON.stringify(begun)], '/token': [200, JSON.stringify(tokens)] }
  expect(await signIn(), 'control').toMatchObject({ accessToken: 'a2' })
  answers = { ...answers, '/token': [400, '{"error":"access_denied"}'] }
  await expect(signIn()).rejects.toMatchObject({ code: 'sign_in.refused' })
  answers = { ...answers, '/device/auth': [200, JSON.stringify({ ...begun, expires_in: 0 })] }
  await expect(signIn()).rejects.toMatchObject({ code: 'sign_in.refused' })
  answers = { ...answers, '/device/auth': [200, JSON.stringify({ ...begun, user_code: undefined })] }
  await expect(signIn()).rejects.toMatchObject({ code: 'sign_in.protocol' })
  expect(shown).toHaveLength(3)
})
