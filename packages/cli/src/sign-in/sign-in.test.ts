import { createVerifier, subjectOf, type VerifiedToken } from '@sallyport/core/identity'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import { startTestProvider, type TestProvider } from '../../../server/src/identity-provider/testing/index.ts'
import { signIn, type SignInDetails, type SignInOptions } from './sign-in.ts'

let provider: TestProvider

beforeAll(async () => {
  provider = await startTestProvider()
})

afterAll(() => provider.close())
afterEach(() => void vi.useRealTimers())

function optionsFor(userName: string, changes: Partial<SignInOptions> = {}): SignInOptions {
  const details = provider.signIn[userName]
  if (details === undefined) throw new Error(`no sign-in for ${userName}`)
  const { issuerUrl, caPem } = provider
  return { issuerUrl, caPem, userName, details, mfa: false, device: false, ...changes }
}

function withPassword(userName: string, password: string): SignInDetails {
  return { ...optionsFor(userName).details, password }
}

async function verified(accessToken: string): Promise<VerifiedToken> {
  const { issuerUrl, audience, jwks } = provider
  const verifier = createVerifier({
    issuers: [{ kind: 'embedded', name: 'embedded', issuer: issuerUrl, audience, keys: jwks }],
    nowSeconds: () => Math.floor(Date.now() / 1_000),
    skewSeconds: 30,
  })
  const verdict = await verifier.verify(accessToken)
  if (verdict.kind === 'refused') throw new Error(verdict.code)
  return verdict
}

const refusalOf = (options: SignInOptions): Promise<unknown> => signIn(options).catch((error: unknown) => error)
const refusedWith = (code: string): object => expect.objectContaining({ code })

describe('signing in', () => {
  test('with password, second factor and device gives a token that proves all three', async () => {
    const nowMs = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
    const { accessToken, expiresAt } = await signIn(optionsFor('ada', { mfa: true, device: true }))
    const subject = subjectOf(await verified(accessToken), 'checkout')
    expect(subject).toMatchObject({
      id: 'arn:sallyport:identity:checkout::user/ada',
      name: 'ada',
      roles: ['admin'],
      authentication: { methods: ['pwd', 'otp', 'mfa'], mfa: true },
      device: { id: 'ada-device-1', managed: true, type: 'laptop' },
    })
    expect(subject.sessionId).toMatch(/^[0-9a-f]{32}$/)
    expect(subject.authentication?.authenticatedAtSeconds).toBe(Math.floor(nowMs / 1_000))
    expect(expiresAt).toBe(nowMs + 600_000)
  })

  test('with the password alone is allowed, and the token says so', async () => {
    const subject = subjectOf(await verified((await signIn(optionsFor('alice'))).accessToken), 'checkout')
    expect(subject.authentication).toMatchObject({ methods: ['pwd'], mfa: false })
    expect(subject.device).toBeUndefined()
  })

  test('twice makes two sessions, and the second code is another one', async () => {
    const first = await verified((await signIn(optionsFor('bob', { mfa: true }))).accessToken)
    const second = await verified((await signIn(optionsFor('bob', { mfa: true }))).accessToken)
    expect(first.claims['sid']).not.toBe(second.claims['sid'])
    expect(first.claims['jti']).not.toBe(second.claims['jti'])
    expect(second.claims['amr']).toEqual(['pwd', 'otp', 'mfa'])
  })

  test('from another address of this machine works', async () => {
    const { accessToken } = await signIn(optionsFor('alice', { localAddress: '127.0.66.1' }))
    expect((await verified(accessToken)).userName).toBe('alice')
    expect(provider.events.at(-1)).toMatchObject({ event: 'signed-in', address: '127.0.66.1' })
  })

  test('at a provider that is called localhost works from either address', async () => {
    const local = await startTestProvider({ name: 'localhost' })
    const { alice } = local.signIn
    if (alice === undefined) throw new Error('no alice')
    const { issuerUrl, caPem } = local
    const options = { issuerUrl, caPem, userName: 'alice', details: alice, mfa: true, device: true }
    expect((await signIn(options)).accessToken).toMatch(/^ey/)
    expect((await signIn({ ...options, mfa: false, localAddress: '127.0.66.1' })).accessToken).toMatch(/^ey/)
    expect(local.events.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.66.1'])
    await local.close()
  })

  test('with another user’s device proves no device', async () => {
    const details = { ...optionsFor('alice').details, device: optionsFor('ada').details.device }
    const { accessToken } = await signIn(optionsFor('alice', { device: true, details }))
    expect((await verified(accessToken)).claims['device']).toBeUndefined()
    expect(provider.events.some(({ code }) => code === 'sign-in.device')).toBe(true)
  })
})

describe('a sign-in is refused', () => {
  test('for a wrong password and for an unknown user in the same words', async () => {
    const details = withPassword('sam', 'wrong')
    const known = await refusalOf(optionsFor('sam', { details }))
    const unknown = await refusalOf({ ...optionsFor('sam', { details }), userName: 'nobody' })
    expect(known).toMatchObject({ code: 'sign_in.refused' })
    expect(String(known)).toBe(String(unknown))
  })

  test('for a resource that this provider has no tokens for', async () => {
    await expect(signIn(optionsFor('alice', { audience: 'urn:sallyport:other' }))).rejects.toEqual(
      refusedWith('sign_in.refused'),
    )
  })

  test('when the certificate is another authority’s', async () => {
    const other = await startTestProvider()
    await other.close()
    await expect(signIn(optionsFor('alice', { caPem: other.caPem }))).rejects.toThrow()
  })

  test('after too many wrong passwords, even with the right one', async () => {
    const details = withPassword('eve', 'wrong')
    for (let i = 0; i < 5; i++) expect(String(await refusalOf(optionsFor('eve', { details })))).toMatch(/go together/)
    expect(String(await refusalOf(optionsFor('eve')))).toMatch(/Too many attempts/)
    expect(provider.events.at(-1)).toMatchObject({ code: 'sign-in.too_many_attempts', user: 'eve' })
  })
})
