import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import type { User } from '../ports.ts'
import { type AttemptKey, codeAttempts, createAttempts, passwordAttempts } from '../sign-in/attempts.ts'
import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { openVisit, type Visit } from '../testing/visitor.ts'
import type { EnrolmentWish } from './enrolments.ts'

// Passwords are hashed here, which a machine with other work does slowly.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const sentence = 'a heron stands on one leg'
const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
let provider: TestProvider
let visitor: Visit
/** What happens while the ledger is written. */
let meanwhile: (() => void) | undefined

beforeAll(async () => {
  provider = await startTestProvider({ recordEnrolment: () => meanwhile?.() })
})
afterAll(() => provider.close())
beforeEach(() => {
  meanwhile = undefined
  visitor = openVisit(provider)
  for (const id of provider.store.ids('attempt')) provider.store.delete('attempt', id)
})

/** A link as its path. */
async function open(changes: Partial<EnrolmentWish>): Promise<string> {
  const wish = { purpose: 'reset', user: 'alice', roles: [], sets: ['factor'], lifetimeSeconds: 600 } as const
  return new URL((await provider.enrolments.open({ ...wish, ...changes })).link).pathname
}

/** As many failures as there may be, of somebody else. */
function spend(keys: readonly AttemptKey[]): void {
  const attempts = createAttempts(provider.store, nowSeconds)
  while (attempts.take(keys));
}

/** The code of the key that the page offers. */
async function offeredCode(path: string): Promise<string> {
  const { body } = await visitor.send('GET', path)
  const key = (/<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1] ?? '').replaceAll(' ', '')
  return new TOTP({ secret: Secret.fromBase32(key) }).generate()
}

const newPassword = { password: sentence, again: sentence }
const said = (): string | undefined => provider.events.at(-1)?.code

describe('guesses at what an enrolment asks for are counted:', () => {
  test('the password that is known', async () => {
    const path = await open({})
    const prove = async (): Promise<number> =>
      (await visitor.submit(`${path}/known-password`, { password: visitor.passwordOf('alice') })).status
    spend(passwordAttempts('alice', '127.0.0.1'))
    expect([await prove(), said()]).toEqual([429, 'sign-in.too_many_attempts'])
    for (const id of provider.store.ids('attempt')) provider.store.delete('attempt', id)
    expect(await prove()).toBe(303)
  })

  test('the code of the factor that is known', async () => {
    const path = await open({ user: 'bob', sets: ['password'] })
    await visitor.submit(`${path}/password`, newPassword)
    const prove = async (): Promise<number> =>
      (await visitor.submit(`${path}/known-code`, { code: visitor.codeOf('bob') })).status
    spend(codeAttempts('bob'))
    expect([await prove(), said()]).toEqual([429, 'sign-in.too_many_attempts'])
    for (const id of provider.store.ids('attempt')) provider.store.delete('attempt', id)
    expect(await prove()).toBe(200)
  })

  test('the code of the factor that is new', async () => {
    const path = await open({ purpose: 'new-user', user: 'kim', sets: ['password', 'factor'] })
    await visitor.submit(`${path}/password`, newPassword)
    const right = await offeredCode(path)
    const guess = async (code: string): Promise<number> => (await visitor.submit(`${path}/code`, { code })).status
    const wrong = right === '000000' ? '000001' : '000000'
    const answers: number[] = []
    for (let guessed = 0; guessed < 6; guessed += 1) answers.push(await guess(wrong))
    expect([...answers, await guess(right)]).toEqual([403, 403, 403, 403, 403, 429, 429])
    expect(provider.users.find('kim')).toBeUndefined()
  })
})

describe('a passkey that is none', () => {
  test('is not set as the second factor, and the link stays good', async () => {
    const path = await open({ purpose: 'new-user', user: 'lea', sets: ['password', 'factor'] })
    await visitor.submit(`${path}/password`, newPassword)
    expect((await visitor.submit(`${path}/passkey`, { credential: '{}' })).status).toBe(403)
    expect([said(), provider.users.find('lea')]).toEqual(['sign-in.passkey', undefined])
    expect((await visitor.submit(`${path}/code`, { code: await offeredCode(path) })).status).toBe(200)
  })

  test('does not stand for the factor that is known', async () => {
    const path = await open({ user: 'sam', sets: ['password'] })
    await visitor.submit(`${path}/password`, newPassword)
    expect((await visitor.submit(`${path}/known-passkey`, { credential: '{}' })).status).toBe(403)
    expect(said()).toBe('sign-in.passkey')
    expect((await visitor.enterPassword('sam')).answer.status, 'the old password').toBe(303)
    expect((await visitor.submit(`${path}/known-code`, { code: visitor.codeOf('sam') })).status).toBe(200)
  })
})

describe('what an enrolment ends with', () => {
  test('takes nobody’s place who was made while it was recorded', async () => {
    const path = await open({ purpose: 'new-user', user: 'max', roles: ['admin'], sets: ['password', 'factor'] })
    await visitor.submit(`${path}/password`, newPassword)
    const code = await offeredCode(path)
    const other: User = { name: 'max', roles: ['customer'], devices: [] }
    meanwhile = () => provider.users.put(other)
    expect((await visitor.submit(`${path}/code`, { code })).status).toBe(404)
    expect(provider.users.find('max')).toMatchObject({ roles: ['customer'] })
    expect(provider.users.find('max')?.passwordHash).toBeUndefined()
  })

  test('brings nobody back who was removed while it was recorded', async () => {
    const path = await open({ user: 'eve', sets: ['password', 'factor'] })
    await visitor.submit(`${path}/password`, newPassword)
    const code = await offeredCode(path)
    meanwhile = () => provider.users.remove('eve')
    expect((await visitor.submit(`${path}/code`, { code })).status).toBe(404)
    expect(provider.users.find('eve')).toBeUndefined()
  })

  test('shows recovery codes only where they are new, for others it leaves as they are', async () => {
    const path = await open({ user: 'ada', sets: ['password'] })
    await visitor.submit(`${path}/password`, newPassword)
    const { body } = await visitor.submit(`${path}/known-code`, { code: visitor.codeOf('ada') })
    expect(body).not.toMatch(/<li><code>/)
  })
})

test('only who is made by an invitation is invited', async () => {
  await open({})
  await open({ purpose: 'new-user', user: 'noa', roles: ['support'], sets: ['password', 'factor'] })
  const invited = provider.enrolments.invited()
  expect(invited).toContainEqual({ name: 'noa', roles: ['support'] })
  expect(invited.map(({ name }) => name)).not.toContain('alice')
})

test('a link that was closed is good no more, and closing what was never opened does nothing', async () => {
  const path = await open({})
  provider.enrolments.close('nobody')
  expect((await visitor.send('GET', path)).status).toBe(200)
  provider.enrolments.close('alice')
  expect((await visitor.send('GET', path)).status).toBe(404)
})

test('an address of an enrolment that has no page is not found', async () => {
  const path = await open({})
  for (const action of ['constructor', 'nothing']) {
    expect([action, (await visitor.submit(`${path}/${action}`, {})).status]).toEqual([action, 404])
  }
})

test('an enrolment is taken to its end once', async () => {
  const enrolment = provider.enrolments.find((await open({})).slice('/enrolment/'.length))
  if (enrolment === undefined) throw new Error('it is not there')
  expect([provider.enrolments.take(enrolment), provider.enrolments.take(enrolment)]).toEqual([true, false])
})
