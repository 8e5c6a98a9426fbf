import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Decision, sealGrant, sealReceipt } from '@sallyport/core/access'
import { createAuthenticator, createSeenOnce, createVerifier, type ProofVerifier } from '@sallyport/core/identity'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { administrationGate, startApi } from './api/index.ts'
import { nodeSha256 } from './ledger/index.ts'
import { openProofs } from './proofs.ts'

/** One key pair, as its owner has it. */
interface Pair {
  readonly jwk: JWK
  readonly key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
}

let folder: string
let close: () => Promise<void>
let issuer: Pair
let device: Pair
let thief: Pair
let accessToken: string
let nonce: string
let others: readonly ProofVerifier[]
let jti = 0

const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
const path = '/v1/secrets/stripe-key'

async function pair(): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { jwk: await exportJWK(publicKey), key: privateKey }
}

async function tokenFor(confirmation: object): Promise<string> {
  return new SignJWT({ client_id: 'sallyport-cli', roles: ['admin'], amr: ['pwd', 'otp', 'mfa'], ...confirmation })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
    .setIssuer('https://localhost:8444')
    .setAudience('urn:sallyport:shop')
    .setSubject('ada')
    .setJti('t1')
    .setIssuedAt(nowSeconds())
    .setExpirationTime(nowSeconds() + 600)
    .sign(issuer.key)
}

async function proof(changes: object = {}, by = device): Promise<string> {
  const ath = Buffer.from(nodeSha256(Buffer.from(accessToken))).toString('base64url')
  const claims = {
    htm: 'PUT',
    htu: `http://localhost${path}`,
    jti: `p${jti++}`,
    iat: nowSeconds(),
    ath,
    nonce,
    ...changes,
  }
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk }).sign(by.key)
}

/** Sets a secret with these headers; gives the refusal's code, or `done`. */
function set(headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = { authorization: 'Bearer local', 'x-sallyport-user-token': accessToken, ...headers }
    request({ socketPath: join(folder, 'api.sock'), method: 'PUT', path, headers: all }, (response) => {
      nonce = String(response.headers['dpop-nonce'])
      let text = ''
      response.on('data', (part) => (text += String(part)))
      response.once('end', () => resolve(response.statusCode === 200 ? 'done' : JSON.parse(text).code))
    })
      .once('error', reject)
      .end('value')
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-proofs-'))
  ;[issuer, device, thief] = [await pair(), await pair(), await pair()]
  accessToken = await tokenFor({ cnf: { jkt: await calculateJwkThumbprint(device.jwk) } })
  const keys = { keys: [{ ...issuer.jwk, kid: 'k', alg: 'ES256', use: 'sig' }] }
  const embedded = {
    kind: 'embedded',
    name: 'embedded',
    issuer: 'https://localhost:8444',
    audience: 'urn:sallyport:shop',
  } as const
  const verifier = createVerifier({ issuers: [{ ...embedded, keys }], nowSeconds, skewSeconds: 0 })
  const proofs = openProofs({ atRoutes: createSeenOnce(1), atExchange: createSeenOnce(1) })
  others = [proofs.verifier, proofs.exchangeVerifier]
  const gate = administrationGate({
    identify: createAuthenticator({ verifier, app: 'shop', proofs: proofs.strictVerifier }),
    elevatedRoles: () => [],
    standingOf: () => ({}),
    askGuests: (asked) => asked,
    decide: (asked): Decision => {
      const [{ id, refusal }] = asked
      return refusal === undefined
        ? { effect: 'allow', id, asked, reasons: [] }
        : { effect: 'deny', id, asked, explicit: false, layer: refusal.layer, reasons: [refusal] }
    },
    record: async ({ id }) => sealReceipt({ decision: id, leafIndex: 0n, durability: 'synced' }),
    admit: (decision, receipt) => sealGrant({ decision, receipt, expiresAt: 1, epochs: new Map() }),
    isCurrent: () => true,
    whenEnded: () => () => undefined,
    challenge: () => undefined,
    settle: () => undefined,
    nowMs: Date.now,
    newId: () => 'd1',
  })
  const verb = {
    method: 'PUT',
    path: '/v1/secrets/:name',
    ask: () => ({ action: 'sallyport:SetSecret', resource: 'arn:sallyport:admin:shop::secret/stripe-key' }),
    carryOut: () => ({ status: 200, body: {} }),
  } as const
  const nothing = { status: () => ({}), elevation: () => ({}), logs: () => [], follow: () => () => undefined }
  const options = { socketPath: join(folder, 'api.sock'), token: 'local', verbs: [verb], gate, reads: nothing }
  const api = await startApi({ ...options, nextNonce: proofs.nextNonce, onFailure: () => undefined })
  close = () => api.close()
  await set({}) // for the nonce
})

afterAll(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

test('a token with a proof of its key, for this very request, is taken', async () => {
  expect(await set({ dpop: await proof() })).toBe('done')
})

test('a token alone is a stolen one, and so is one with another key’s proof', async () => {
  expect(await set({})).toBe('token.sender_constrained')
  expect(await set({ dpop: await proof({}, thief) })).toBe('dpop.binding')
})

test('a memory of used proofs that is full elsewhere refuses nobody here', async () => {
  const target = { method: 'PUT', url: `http://localhost${path}` }
  for (const verifier of others) {
    // Whoever has any key makes them; the two have a memory each, or the second would be full at once.
    expect(await verifier.prove([await proof({}, thief)], target)).toMatchObject({ kind: 'proved' })
    expect(await verifier.prove([await proof({}, thief)], target)).toMatchObject({ code: 'dpop.replay_memory_full' })
  }
  expect(await set({ dpop: await proof() })).toBe('done')
})

test('a proof is taken once', async () => {
  const dpop = await proof()
  expect([await set({ dpop }), await set({ dpop })]).toEqual(['done', 'dpop.replayed'])
})

const unfit: readonly [string, object, string][] = [
  ['another method', { htm: 'POST' }, 'dpop.method'],
  ['another address', { htu: 'http://localhost/v1/secrets/other' }, 'dpop.url'],
  ['another server', { htu: `http://example.com${path}` }, 'dpop.url'],
  ['another token', { ath: 'A'.repeat(43) }, 'dpop.access_token'],
  ['an hour ago', { iat: nowSeconds() - 3_600 }, 'dpop.expired'],
  ['no run of this server', { nonce: undefined }, 'dpop.nonce_required'],
  ['an earlier run of this server', { nonce: 'A'.repeat(22) }, 'dpop.nonce_stale'],
]
for (const [what, changes, code] of unfit) {
  test(`a proof for ${what} is refused: ${code}`, async () => {
    expect(await set({ dpop: await proof(changes) })).toBe(code)
    expect(await set({ dpop: await proof() })).toBe('done')
  })
}

test('a token that is bound to nothing administers nothing', async () => {
  expect(await set({ 'x-sallyport-user-token': await tokenFor({}) })).toBe('token.unbound')
})
