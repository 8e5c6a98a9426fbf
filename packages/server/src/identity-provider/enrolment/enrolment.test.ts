import { randomBytes } from 'node:crypto'

import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { createAttempts, enrolmentAttempts } from '../sign-in/attempts.ts'
import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { openVisit, type Visit } from '../testing/visitor.ts'
import type { EnrolmentWish } from './enrolments.ts'
import { passwordFault } from './password-rule.ts'

// Passwords are hashed here, which a machine with other work does slowly.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let provider: TestProvider
let visitor: Visit
let ahead = 0

const sentence = 'a heron stands on one leg'
const both = ['password', 'factor'] as const

beforeAll(async () => {
  provider = await startTestProvider({ nowSeconds: () => Math.floor(Date.now() / 1_000) + ahead })
})
afterAll(() => provider.close())
beforeEach(() => {
  visitor = openVisit(provider)
})

let users = 0

/** A link for somebody new, as its path; each test invites its own. */
async function invite(changes: Partial<EnrolmentWish> = {}): Promise<string> {
  const user = `new-${users++}`
  const wish = { purpose: 'new-user', user, roles: ['customer'], sets: both, lifetimeSeconds: 600 } as const
  const { link } = await provider.enrolments.open({ ...wish, ...changes })
  return new URL(link).pathname
}

const setPassword = (path: string, by: Visit = visitor, password = sentence): ReturnType<Visit['submit']> =>
  by.submit(`${path}/password`, { password, again: password })

/** Enters the code of the key that the page shows. */
async function setCode(path: string): Promise<{ readonly body: string; readonly secret: string }> {
  const { body } = await visitor.send('GET', path)
  const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1] ?? '').replaceAll(' ', '')
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  return { body: (await visitor.submit(`${path}/code`, { code })).body, secret }
}

/** A user who stands, with a password, a code, and recovery codes. */
async function standingUser(): Promise<{ name: string; secret: string; codes: readonly string[] }> {
  const path = await invite()
  await setPassword(path)
  const { body, secret } = await setCode(path)
  return { name: `new-${users - 1}`, secret, codes: body.match(/[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}/g) ?? [] }
}

describe('an invitation', () => {
  test('makes a user with a password, a second factor and recovery codes, who then signs in', async () => {
    const path = await invite({ user: 'zoe', roles: ['support'] })
    expect(provider.enrolments.invited()).toContainEqual({ name: 'zoe', roles: ['support'] })
    expect(provider.users.find('zoe')).toBeUndefined()
    expect((await setPassword(path)).location).toBe(path)
    const { body } = await setCode(path)
    expect(body.match(/<li><code>/g)?.length).toBe(10)
    expect(provider.users.find('zoe')).toMatchObject({ roles: ['support'], added: true, passkeys: [] })
    expect(provider.enrolled.filter(({ user }) => user === 'zoe').map(({ event }) => event)).toEqual([
      'opened',
      'enrolled',
    ])
    const { answer } = await visitor.enterPassword('zoe', sentence)
    expect(answer.status).toBe(303)
    expect((await visitor.enterPassword('zoe', `${sentence}!`)).answer.status).toBe(403)
  })

  test('is good once, for its time, for one browser, and until the next one', async () => {
    const used = await invite()
    await setPassword(used)
    await setCode(used)
    expect((await visitor.send('GET', used)).status).toBe(404)
    const [first, second] = [await invite({ user: 'twice' }), await invite({ user: 'twice' })]
    expect((await visitor.send('GET', first)).status).toBe(404)
    expect((await visitor.send('GET', second)).status).toBe(200)
    const begun = await invite()
    await setPassword(begun)
    expect((await openVisit(provider).send('GET', begun)).status).toBe(403)
    expect((await visitor.send('GET', begun)).status).toBe(200)
    const late = await invite()
    ahead = 601
    expect((await visitor.send('GET', late)).status).toBe(404)
    ahead = 0
  })

  test('comes to one end when two forms bring it at one moment', async () => {
    const path = await invite()
    await setPassword(path)
    const { body } = await visitor.send('GET', path)
    const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1] ?? '').replaceAll(' ', '')
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    const now = Date.now()
    const codes = [now, now + 30_000].map((timestamp) => totp.generate({ timestamp }))
    const answers = await Promise.all(codes.map((code) => visitor.submit(`${path}/code`, { code })))
    expect(answers.filter(({ status }) => status === 200).length).toBe(1)
    expect(
      provider.enrolled.filter(({ event, user }) => event === 'enrolled' && user === `new-${users - 1}`).length,
    ).toBe(1)
  })

  test('is used up by nobody who only looks, and needs no script', async () => {
    const path = await invite()
    await visitor.send('GET', path)
    const { body } = await openVisit(provider).send('GET', path)
    expect(body).toMatch(/autocomplete="new-password"/)
    for (const [, id = ''] of body.matchAll(/<input\s+id="([^"]+)"/g)) expect(body).toContain(`<label for="${id}">`)
    expect(body).not.toMatch(/<script/)
    await setPassword(path)
    const offered = (await visitor.send('GET', path)).body
    expect(offered).toMatch(/<svg[\s\S]*otpauth:\/\/totp[\s\S]*<button type="button" hidden data-passkey="create"/)
  })

  test('cannot be guessed at for ever', async () => {
    const other = await startTestProvider()
    const guesser = openVisit(other)
    const guess = async (): Promise<number> => (await guesser.send('GET', '/enrolment/AAAA-AAAA-AAAA-AAAA')).status
    expect(await guess(), 'control').toBe(404)
    const attempts = createAttempts(other.store, () => Math.floor(Date.now() / 1_000))
    for (let guessed = 1; guessed < 59; guessed++) attempts.take(enrolmentAttempts('127.0.0.1'))
    expect([await guess(), await guess()]).toEqual([404, 429])
    await other.close()
  })
})

describe('the first administrator', () => {
  test('chooses a name that is nobody’s', async () => {
    const { link } = await provider.enrolments.open({
      purpose: 'first-administrator',
      roles: ['admin'],
      sets: both,
      lifetimeSeconds: 600,
    })
    const path = new URL(link).pathname
    const named = (user: string): ReturnType<Visit['submit']> =>
      visitor.submit(`${path}/password`, { user, password: sentence, again: sentence })
    for (const name of ['alice', 'sallyport-cli', 'a b', '']) expect((await named(name)).status, name).toBe(400)
    expect(provider.enrolments.firstIsMade()).toBe(false)
    expect((await named('root-of-trust')).status).toBe(303)
    await setCode(path)
    expect(provider.users.find('root-of-trust')).toMatchObject({ roles: ['admin'] })
    expect(provider.enrolments.firstIsMade()).toBe(true)
  })
})

describe('a reset', () => {
  const reset = (user: string, sets: EnrolmentWish['sets']): Promise<string> =>
    invite({ purpose: 'reset', user, sets, roles: [] })

  test('of the password takes the second factor for proof, or a recovery code', async () => {
    const { name, codes } = await standingUser()
    const path = await reset(name, ['password'])
    await setPassword(path, visitor, 'another heron altogether')
    expect((await visitor.send('GET', path)).body).toMatch(/Confirm that it is you/)
    expect((await visitor.submit(`${path}/known-code`, { code: '000000' })).status).toBe(403)
    expect((await visitor.enterPassword(name, 'another heron altogether')).answer.status).toBe(403)
    expect((await visitor.submit(`${path}/recovery`, { recovery: codes[0] ?? '' })).status).toBe(200)
    expect((await visitor.send('GET', path)).status).toBe(404)
    expect((await visitor.enterPassword(name, 'another heron altogether')).answer.status).toBe(303)
    expect(provider.ended).toContain(`user/${name}`)
  })

  test('of the second factor takes the password for proof', async () => {
    const { name, secret } = await standingUser()
    const path = await reset(name, ['factor'])
    const wrong = await visitor.submit(`${path}/known-password`, { password: 'not the heron at all' })
    expect([wrong.status, wrong.body]).toEqual([403, expect.stringContaining('That is not the password')])
    expect((await visitor.submit(`${path}/code`, { code: '000000' })).location).toBe(path)
    await visitor.submit(`${path}/known-password`, { password: sentence })
    ahead = 60 // the step of the old key is used up for the new one too
    const { body } = await visitor.send('GET', path)
    const key = (/<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1] ?? '').replaceAll(' ', '')
    expect(key).not.toBe(secret)
    const code = new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: Date.now() + 60_000 })
    expect((await visitor.submit(`${path}/code`, { code })).status).toBe(200)
    ahead = 0
    expect(provider.users.find(name)).toMatchObject({ totpSecret: key })
  })

  test('of somebody who was put out, or is gone, leads nowhere', async () => {
    const { name } = await standingUser()
    const path = await reset(name, both)
    const user = provider.users.find(name)
    if (user === undefined) throw new Error('no user')
    provider.users.put({ ...user, disabled: true })
    expect((await visitor.send('GET', path)).status).toBe(404)
    provider.users.remove(name)
    expect((await visitor.send('GET', path)).status).toBe(404)
  })
})

test('whoever signs in with both factors may change their password; everything from before ends', async () => {
  const { path } = await visitor.enterPassword('ada')
  const fields = { code: visitor.codeOf('ada'), change_password: 'yes' }
  const { location } = await visitor.submit(`${path}/code`, fields)
  expect(location).toMatch(/^\/enrolment\//)
  expect((await setPassword(location)).status).toBe(200)
  expect(provider.ended).toContain('user/ada')
  expect((await visitor.enterPassword('ada')).answer.status).toBe(403)
  expect((await visitor.enterPassword('ada', sentence)).answer.status).toBe(303)
})

test('what cannot be recorded is not enrolled, and the link stays good', async () => {
  let isFull = false
  const other = await startTestProvider({
    recordEnrolment: () => {
      if (isFull) throw new Error('the ledger is full')
    },
  })
  visitor = openVisit(other)
  const wish = { purpose: 'new-user', user: 'kim', roles: [], sets: both, lifetimeSeconds: 600 } as const
  const path = new URL((await other.enrolments.open(wish)).link).pathname
  await setPassword(path)
  isFull = true
  const { body } = await visitor.send('GET', path)
  const key = Secret.fromBase32((/<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1] ?? '').replaceAll(' ', ''))
  const codeAt = (timestamp: number): string => new TOTP({ secret: key }).generate({ timestamp })
  expect((await visitor.submit(`${path}/code`, { code: codeAt(Date.now()) })).status).toBe(500)
  expect(other.users.find('kim')).toBeUndefined()
  isFull = false
  expect((await visitor.submit(`${path}/code`, { code: codeAt(Date.now() + 30_000) })).status).toBe(200)
  await other.close()
})

describe('a password', () => {
  const kinds: readonly [string, string | undefined][] = [
    [sentence, undefined],
    ['correcthorsebatterystaple', undefined],
    ['ünïcödé wörds cöunt', undefined],
    ['only14letters!', 'password.too_short'],
    ['aaaaaaaaaaaaaaaaaaaa', 'password.predictable'],
    ['abcabcabcabcabcabc', 'password.predictable'],
    ['gvkxlgvkxlgvkxlgvkxl', 'password.predictable'],
    ['checkoutCheckoutgvkx', 'password.predictable'],
    ['12345678901234567', 'password.predictable'],
    ['qwertyuiopasdfghjkl', 'password.predictable'],
    ['AdaAdaPassword1111', 'password.predictable'],
    ['é'.repeat(600), 'password.too_long'],
  ]
  for (const [password, code] of kinds) {
    test(`“${password.slice(0, 24)}” is ${code ?? 'taken'}`, () => {
      expect(passwordFault(password, ['ada', 'checkout'])?.code).toBe(code)
    })
  }

  test('of any random kind is taken', () => {
    for (let i = 0; i < 200; i++) expect(passwordFault(randomBytes(12).toString('base64url'), ['ada'])).toBeUndefined()
  })
})
