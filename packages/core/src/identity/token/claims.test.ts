import { beforeAll, describe, expect, test } from 'vitest'

import type { EmbeddedIssuer } from '../issuer/issuer.ts'
import { createTestIssuer, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import { createVerifier } from './verifier.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

async function codeOf(token: Promise<string>, changes: Partial<EmbeddedIssuer> = {}): Promise<string> {
  const issuers = [{ ...issuer.configuration, ...changes }]
  const verifier = createVerifier({ issuers, nowSeconds: () => testNow, skewSeconds: 30 })
  const verdict = await verifier.verify(await token)
  return verdict.kind === 'refused' ? verdict.code : 'verified'
}

describe('a token', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['bound to what is no thumbprint', { cnf: { jkt: 'x' } }, 'token.binding'],
    ['bound to a thumbprint with a stray bit', { cnf: { jkt: `${'A'.repeat(42)}B` } }, 'token.binding'],
    ['bound to nothing', { cnf: {} }, 'token.binding'],
    ['bound in a way that is text', { cnf: 'jkt' }, 'token.binding'],
    ['bound to null', { cnf: null }, 'token.binding'],
    ['bound to a key inside of it', { cnf: { jwk: { kty: 'EC' } } }, 'token.binding'],
    ['bound in a known and an unknown way', { cnf: { jkt: 'A'.repeat(43), kid: 'k' } }, 'token.binding'],
    ['whose scope is a number', { scope: 1 }, 'token.claims'],
  ])('%s is refused', async (_, claims, code) => {
    expect(await codeOf(issuer.token(claims))).toBe(code)
  })
})

test.each<[string, Record<string, unknown>, string]>([
  ['an origin and tags', { origin: 'https://ci.example', tags: { branch: 'main' } }, 'verified'],
  ['no origin', { tags: { branch: 'main' } }, 'token.claims'],
  ['an origin without a name', { origin: '', tags: {} }, 'token.claims'],
  ['no tags', { origin: 'https://ci.example' }, 'token.claims'],
  ['a tag that is no text', { origin: 'https://ci.example', tags: { branch: 1 } }, 'token.claims'],
  ['a tag with a line break', { origin: 'https://ci.example', tags: { branch: 'a\nb' } }, 'token.claims'],
  ['a tag of 513 letters', { origin: 'https://ci.example', tags: { branch: 'a'.repeat(513) } }, 'token.claims'],
])('a token of our own exchange says whose it was: %s', async (_, claims, code) => {
  const issuers = [{ ...issuer.configuration, kind: 'sts' as const }]
  const verdict = await createVerifier({ issuers, nowSeconds: () => testNow, skewSeconds: 30 }).verify(
    await issuer.token(claims),
  )
  expect(verdict.kind === 'refused' ? verdict.code : 'verified').toBe(code)
})

describe('a scope', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ scope: 'call' }, 'verified'],
    [{ scope: 'read call' }, 'verified'],
    [{ scope: ['call'] }, 'verified'],
    [{ scp: 'call' }, 'verified'],
    [{ scope: 'call2' }, 'token.insufficient_scope'],
    [{ scope: 'CALL' }, 'token.insufficient_scope'],
    [{ scope: 'read,call' }, 'token.insufficient_scope'],
    [{}, 'token.insufficient_scope'],
  ])('of an issuer that demands one: %j is %s', async (claims, code) => {
    expect(await codeOf(issuer.token(claims), { scopes: ['call'] })).toBe(code)
  })
})
