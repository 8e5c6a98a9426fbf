import { beforeAll, expect, test } from 'vitest'

import { webPrimitives } from '../primitives.ts'
import { createTestIssuer, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

function verifierWith(options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({ issuers: [issuer.configuration], nowSeconds: () => testNow, skewSeconds: 30, ...options })
}

async function codeOf(token: string, by: Verifier): Promise<string> {
  const verdict = await by.verify(token)
  return verdict.kind === 'refused' ? verdict.code : 'verified'
}

test('a token larger than any is refused before it is even hashed', async () => {
  const hashed: number[] = []
  const digest = (text: string): string | Promise<string> => {
    hashed.push(text.length)
    return webPrimitives.digest(text)
  }
  const by = verifierWith({ primitives: { ...webPrimitives, digest } })
  expect(await codeOf('x'.repeat(100_000), by)).toBe('token.too_large')
  expect(hashed).toEqual([])
  expect(await codeOf(await issuer.token(), by)).toBe('verified')
  expect(hashed).toHaveLength(1)
})

test('an issuer without an address is none', () => {
  const withAddress = (address: string): Verifier =>
    verifierWith({ issuers: [{ ...issuer.configuration, issuer: address }] })
  expect(() => withAddress('')).toThrow(expect.objectContaining({ code: 'identity.configuration' }))
  expect(() => withAddress('https://issuer.example')).not.toThrow()
})
