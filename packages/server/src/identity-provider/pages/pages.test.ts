import { randomBytes } from 'node:crypto'

import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { makeRecoveryCodes } from '../sign-in/recovery-codes.ts'
import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { type Answer, openVisit, type Visit } from '../testing/visitor.ts'

// Passwords are hashed here, which a machine with other work does slowly.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let provider: TestProvider
let visitor: Visit

beforeAll(async () => {
  provider = await startTestProvider()
})
afterAll(() => provider.close())
beforeEach(() => {
  visitor = openVisit(provider)
})

describe('the pages', () => {
  test('work without scripts, are labelled, and may load nothing', async () => {
    const path = await visitor.start()
    const { body, headers } = await visitor.send('GET', path)
    const policy = /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; form-action 'self'/
    expect(headers['content-security-policy']).toMatch(policy)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    // The one script is ours, known by its digest; the button that needs it stays hidden without it.
    expect([...body.matchAll(/<script/g)].length).toBe(1)
    expect(body).toMatch(/<button type="button" hidden data-passkey="get"/)
    for (const [, id = ''] of body.matchAll(/<input id="([^"]+)"/g)) expect(body).toContain(`<label for="${id}">`)
    const { path: codePath } = await visitor.enterPassword('bob')
    expect((await visitor.send('GET', codePath)).body).toMatch(/autocomplete="one-time-code"/)
  })

  test('belong to the browser that started, not to who knows the address', async () => {
    const path = await visitor.start()
    const other = openVisit(provider)
    expect((await other.send('GET', path)).status).toBe(400)
    await other.start()
    expect((await other.send('GET', path)).status).toBe(400)
    const fields = { user: 'alice', password: visitor.passwordOf('alice') }
    expect((await other.submit(`${path}/password`, fields)).status).toBe(400)
    expect((await visitor.send('GET', path)).status).toBe(200)
  })

  const form = 'application/x-www-form-urlencoded'
  test.each<[string, Record<string, string>, string, number]>([
    ['from another origin', { origin: 'https://evil.example', 'content-type': form }, 'user=a', 403],
    ['from a sandboxed frame', { origin: 'null', 'content-type': form }, 'user=a', 403],
    ['that the browser calls cross-site', { 'sec-fetch-site': 'cross-site', 'content-type': form }, 'user=a', 403],
    ['as JSON', { 'content-type': 'application/json' }, '{}', 415],
    ['with a field twice', { 'content-type': form }, 'user=a&user=b', 400],
    ['without end', { 'content-type': form }, `user=${'a'.repeat(20_000)}`, 413],
  ])('take no form %s', async (_, headers, body, status) => {
    const path = await visitor.start()
    const answer = await visitor.send('POST', `${path}/password`, headers, body)
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining('The form was not accepted.')])
    const fields = { user: `form-${status}`, password: 'x' }
    expect((await visitor.submit(`${path}/password`, fields)).body).toMatch(/go together/)
  })

  test('answer alike for unknown users and wrong passwords', async () => {
    const { answer: known } = await visitor.enterPassword('sam', 'wrong')
    const { answer: unknown } = await visitor.enterPassword('nobody', 'wrong')
    const { answer: impossible } = await visitor.enterPassword('<b>__proto__', 'wrong')
    expect(plain(known)).toEqual(plain(unknown))
    expect(plain(known)).toEqual(plain(impossible))
  })
})

describe('the second factor', () => {
  test('cannot be asked for before the password was right', async () => {
    const { path } = await visitor.enterPassword('bob', 'wrong')
    for (const action of ['code', 'without-second-factor']) {
      const answer = await visitor.submit(`${path}/${action}`, { code: visitor.codeOf('bob') })
      expect([answer.status, answer.location]).toEqual([303, path])
    }
    expect((await visitor.send('GET', path)).body).toMatch(/name="password"/)
  })

  test('may be a recovery code, each of them once', async () => {
    const bob = provider.users.find('bob')
    if (bob === undefined) throw new Error('no bob')
    const { codes, hashes } = makeRecoveryCodes(randomBytes)
    provider.users.put({ ...bob, recoveryCodes: hashes })
    const [code = ''] = codes
    const { path } = await visitor.enterPassword('bob')
    expect((await visitor.submit(`${path}/recovery`, { recovery: 'AAAA-AAAA-AAAA-AAAA' })).status).toBe(403)
    const typed = code.toLowerCase().replaceAll('-', ' ')
    const { location } = await visitor.submit(`${path}/recovery`, { recovery: typed })
    const token: string = JSON.parse((await visitor.exchange(location)).body).access_token
    expect(decodeJwt(token)['amr']).toEqual(['pwd', 'otp', 'mfa'])
    const again = await visitor.enterPassword('bob')
    expect((await visitor.submit(`${again.path}/recovery`, { recovery: code })).status).toBe(403)
    expect(provider.users.find('bob')?.recoveryCodes?.length).toBe(9)
  })

  test('cannot be made of a password alone: a passkey is added behind both factors only', async () => {
    const { path } = await visitor.enterPassword('bob')
    expect((await visitor.submit(`${path}/add-passkey`, { credential: '{}' })).status).toBe(403)
    expect((await visitor.submit(`${path}/passkey`, { credential: '{"id":"x"}' })).status).toBe(403)
    expect((await visitor.submit(`${path}/code`, { code: visitor.codeOf('bob'), add_passkey: 'yes' })).location).toBe(
      path,
    )
    expect((await visitor.send('GET', path)).body).toMatch(/data-passkey="create"/)
    expect((await visitor.submit(`${path}/add-passkey`, { credential: 'no' })).status).toBe(403)
    const { location } = await visitor.submit(`${path}/skip-passkey`, {})
    const token: string = JSON.parse((await visitor.exchange(location)).body).access_token
    expect(decodeJwt(token)['amr']).toEqual(['pwd', 'otp', 'mfa'])
  })

  test('allows five guesses, then none, whichever sign-in they come from', async () => {
    for (let i = 0; i < 5; i++) {
      const { path } = await visitor.enterPassword('sam')
      expect((await visitor.submit(`${path}/code`, { code: '000000' })).status).toBe(403)
    }
    const { path } = await visitor.enterPassword('sam')
    expect((await visitor.submit(`${path}/code`, { code: visitor.codeOf('sam') })).status).toBe(429)
  })
})

describe('guessing passwords', () => {
  test('in parallel gets no more attempts than one after the other', async () => {
    const visitors = Array.from({ length: 8 }, () => openVisit(provider))
    const answers = await Promise.all(visitors.map((one) => one.enterPassword('parallel', 'wrong')))
    expect(answers.filter(({ answer }) => answer.status === 429).length).toBe(3)
  })
})

/** What a page says, whichever sign-in it belongs to. */
function plain({ status, body }: Answer): unknown {
  return [status, body.replaceAll(/interaction\/[^/]+/g, '').replaceAll(/data-options="[^"]*"/g, '')]
}
