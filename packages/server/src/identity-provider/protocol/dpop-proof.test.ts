import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'

import { createMemoryStore } from '../testing/memory-store.ts'
import { type ProofPlace, proofKeyOf } from './dpop-proof.ts'

const now = 1_800_000_000
const url = 'https://id.example/token'
const claims = { htm: 'POST', htu: url, iat: now, jti: 'one' }

let key: CryptoKey
let jwk: JWK
let privateJwk: JWK

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  key = pair.privateKey
  jwk = await exportJWK(pair.publicKey)
  privateJwk = await exportJWK(pair.privateKey)
})

function sign(payload: object, header: object = {}): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(key)
}

function place(): ProofPlace {
  const nowSeconds = (): number => now
  return { method: 'POST', url, store: createMemoryStore(nowSeconds), nowSeconds }
}

describe('a proof of possession at the token endpoint', () => {
  it('proves its key, once', async () => {
    const here = place()
    const proof = await sign(claims)
    expect(await proofKeyOf([proof], here)).toMatch(/^[\w-]{43}$/)
    expect(await proofKeyOf([proof], here)).toBeUndefined()
    expect(await proofKeyOf([await sign({ ...claims, jti: 'two' })], here)).toBeDefined()
  })

  it('is one and not two', async () => {
    expect(await proofKeyOf([await sign(claims), await sign({ ...claims, jti: 'two' })], place())).toBeUndefined()
    expect(await proofKeyOf([], place())).toBeUndefined()
  })

  it.each([
    ['for another method', { htm: 'GET' }],
    ['for another address', { htu: 'https://id.example/introspect' }],
    ['of more than a minute ago', { iat: now - 61 }],
    ['of a quarter of a minute ahead and more', { iat: now + 16 }],
    ['of no moment', { iat: undefined }],
    ['without a name', { jti: '' }],
  ])('proves nothing %s', async (_, changed) => {
    expect(await proofKeyOf([await sign({ ...claims, ...changed })], place())).toBeUndefined()
  })

  it('counts a minute ago and a quarter of one ahead', async () => {
    for (const iat of [now - 60, now + 15]) {
      expect(await proofKeyOf([await sign({ ...claims, iat })], place())).toBeDefined()
    }
  })

  it('is no other kind of token', async () => {
    expect(await proofKeyOf([await sign(claims, { typ: 'JWT' })], place())).toBeUndefined()
  })

  it('shows no private key', async () => {
    expect(await proofKeyOf([await sign(claims, { jwk: privateJwk })], place())).toBeUndefined()
  })
})
