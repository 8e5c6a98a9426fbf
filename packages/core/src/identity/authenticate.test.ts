import { isRevoked } from '@sallyport/core/access'
import { beforeAll, describe, expect, test } from 'vitest'

import { createAuthenticator, type Authenticator, type Evidence } from './authenticate.ts'
import { createProofVerifier } from './dpop/dpop.ts'
import { createSeenOnce, type SeenOnce } from './seen-once.ts'
import { createDpopClient, type DpopClient } from './testing/dpop-client.ts'
import { createTestIssuer, type TestIssuer, testNow } from './testing/test-issuer.ts'
import { createVerifier } from './token/verifier.ts'

const target = { method: 'POST', url: 'https://localhost:8443/orders' }
const certificate = 'A'.repeat(43)
let issuer: TestIssuer
let client: DpopClient

beforeAll(async () => {
  issuer = await createTestIssuer()
  client = await createDpopClient()
})

function authenticator(
  revoked: ReadonlyMap<string, number> = new Map(),
  withProofs = true,
  seen: SeenOnce = createSeenOnce(10),
): Authenticator {
  const nowSeconds = (): number => testNow
  const revokedAt = (name: string): number | undefined => revoked.get(name)
  return createAuthenticator({
    verifier: createVerifier({ issuers: [issuer.configuration], nowSeconds, skewSeconds: 30, revokedAt }),
    app: 'checkout',
    isRevoked: (subject) => isRevoked(subject, revokedAt),
    ...(withProofs ? { proofs: createProofVerifier({ nowSeconds, seen }) } : {}),
  })
}

async function codeOf(evidence: Evidence, by = authenticator()): Promise<string> {
  const subject = await by(evidence)
  return subject.refused?.code ?? (subject.credential?.binding || 'unknown')
}

const proofFor = (accessToken: string, by = client): Promise<string> =>
  by.proof({ ...target, accessToken, now: testNow })

describe('a token that is bound to a key', () => {
  test('is accepted with a proof of that key, and says so', async () => {
    const token = await issuer.token({ cnf: { jkt: client.thumbprint } })
    const evidence = { credentials: [`DPoP ${token}`], proofs: [await proofFor(token)], target }
    const subject = await authenticator()(evidence)
    expect(subject).toMatchObject({ name: 'alice', credential: { binding: 'dpop', boundTo: [client.thumbprint] } })
  })

  test('is refused as a bearer token, with a proof and without one', async () => {
    const token = await issuer.token({ cnf: { jkt: client.thumbprint } })
    const credentials = [`Bearer ${token}`]
    expect(await codeOf({ credentials, target })).toBe('token.sender_constrained')
    expect(await codeOf({ credentials, target, proofs: [await proofFor(token)] })).toBe('token.sender_constrained')
  })

  test('is refused without a proof, and with the proof of another key or token', async () => {
    const token = await issuer.token({ cnf: { jkt: client.thumbprint } })
    const credentials = [`DPoP ${token}`]
    const other = await createDpopClient()
    expect(await codeOf({ credentials, target })).toBe('dpop.missing')
    expect(await codeOf({ credentials, target, proofs: [await proofFor(token, other)] })).toBe('dpop.binding')
    expect(await codeOf({ credentials, target, proofs: [await proofFor('other')] })).toBe('dpop.access_token')
  })

  test('is refused where no proof can be checked', async () => {
    const token = await issuer.token({ cnf: { jkt: client.thumbprint } })
    const evidence = { credentials: [`DPoP ${token}`], proofs: [await proofFor(token)] }
    expect(await codeOf(evidence)).toBe('token.sender_constrained')
    expect(await codeOf({ ...evidence, target }, authenticator(new Map(), false))).toBe('token.sender_constrained')
  })
})

test('a token that is bound to nothing is no DPoP token, and takes no proof', async () => {
  const token = await issuer.token()
  const proofs = [await proofFor(token)]
  expect(await codeOf({ credentials: [`Bearer ${token}`], target })).toBe('none')
  expect(await codeOf({ credentials: [`DPoP ${token}`], proofs, target })).toBe('token.not_bound')
  expect(await codeOf({ credentials: [`Bearer ${token}`], proofs, target })).toBe('dpop.unexpected')
})

describe('a token that is bound to a certificate', () => {
  test.each<[string, Partial<Evidence>, string]>([
    ['with that certificate', { certificateThumbprint: certificate }, 'mtls'],
    ['with another', { certificateThumbprint: 'B'.repeat(43) }, 'token.certificate_mismatch'],
    ['with none', {}, 'token.certificate_missing'],
  ])('%s gives %s', async (_, evidence, code) => {
    const token = await issuer.token({ cnf: { 'x5t#S256': certificate } })
    expect(await codeOf({ credentials: [`Bearer ${token}`], target, ...evidence })).toBe(code)
  })

  test('and to a key needs both', async () => {
    const token = await issuer.token({ cnf: { 'x5t#S256': certificate, jkt: client.thumbprint } })
    const evidence = { credentials: [`DPoP ${token}`], proofs: [await proofFor(token)], target }
    expect(await codeOf(evidence)).toBe('token.certificate_missing')
    expect(await codeOf({ ...evidence, certificateThumbprint: certificate })).toBe('dpop+mtls')
    const bearer = { credentials: [`Bearer ${token}`], target, certificateThumbprint: certificate }
    expect(await codeOf(bearer)).toBe('token.sender_constrained')
  })
})

describe('what was revoked', () => {
  // The token: signed in 20 s ago, issued 10 s ago.
  const seconds = (ago: number): number => (testNow - ago) * 1000
  test.each<[string, number, string]>([
    ['user/alice', seconds(19), 'token.revoked'],
    ['user/alice', seconds(20), 'token.revoked'],
    ['user/alice', seconds(21), 'none'],
    ['client/sallyport-cli', seconds(5), 'token.revoked'],
    ['client/sallyport-cli', seconds(25), 'none'],
    ['issuer/embedded', seconds(5), 'token.revoked'],
    ['session/s1', seconds(100), 'token.revoked'],
    ['key/k1', seconds(100), 'token.revoked'],
    ['token/j1', seconds(100), 'token.revoked'],
    ['user/bob', seconds(0), 'none'],
    ['session/s2', seconds(0), 'none'],
    ['key/k2', seconds(0), 'none'],
  ])('%s at %i gives %s', async (name, at, code) => {
    const credentials = [`Bearer ${await issuer.token()}`]
    expect(await codeOf({ credentials }, authenticator(new Map([[name, at]])))).toBe(code)
  })

  test('holds for the key that a token is bound to, and counts iat where no sign-in is stated', async () => {
    const token = await issuer.token({ cnf: { jkt: client.thumbprint }, auth_time: undefined })
    const evidence = async (): Promise<Evidence> => ({
      credentials: [`DPoP ${token}`],
      proofs: [await proofFor(token)],
      target,
    })
    const revoked = new Map([[`key/${client.thumbprint}`, 1]])
    expect(await codeOf(await evidence(), authenticator(revoked))).toBe('token.revoked')
    expect(await codeOf(await evidence(), authenticator(new Map([['user/alice', seconds(15)]])))).toBe('dpop')
    expect(await codeOf(await evidence(), authenticator(new Map([['user/alice', seconds(9)]])))).toBe('token.revoked')
  })

  test('while the proof was being checked is noticed', async () => {
    const revoked = new Map<string, number>()
    const token = await issuer.token({ cnf: { jkt: client.thumbprint } })
    // The last thing that is asked of a proof: the token's own check is long over by then.
    const seen: SeenOnce = { use: () => (revoked.set('session/s1', testNow * 1000), 'first') }
    const evidence = { credentials: [`DPoP ${token}`], proofs: [await proofFor(token)], target }
    expect(await codeOf(evidence, authenticator(revoked, true, seen))).toBe('token.revoked')
  })
})
