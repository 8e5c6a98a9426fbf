import type { App } from '@sallyport/manifest'
import type { Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import { type AdministrativeActs, administrativeVerbs } from './api/index.ts'
import { enrolmentsIn } from './identity-provider/testing/enrolments.ts'
import { createMemoryStore } from './identity-provider/testing/memory-store.ts'
import { createUserStore, type UserStore } from './identity-provider/index.ts'
import { userActs, type UserActsOptions } from './user-acts.ts'

const by: Subject = { kind: 'user', id: 'arn:sallyport:identity:shop::user/ada', name: 'ada', roles: ['admin'] }
const app = {
  name: 'shop',
  people: [{ name: 'customer' }, { name: 'pays' }, { name: 'approves' }],
  separations: [{ kind: 'static', roles: ['pays', 'approves'] }],
} as unknown as App // only what these verbs look at

let users: UserStore
let revoked: string[]
let recorded: string[]
let enrolments: ReturnType<typeof enrolmentsIn>
let verbs: ReturnType<typeof administrativeVerbs>

beforeEach(() => {
  const store = createMemoryStore(() => 0)
  users = createUserStore(store)
  revoked = []
  const revoke = async (target: string): Promise<void> => void revoked.push(target)
  const isTaken = (name: string): boolean => name === 'robot'
  enrolments = enrolmentsIn(store)
  recorded = []
  const record = async ({ purpose, user = '', sets }: Parameters<UserActsOptions['record']>[0]): Promise<void> =>
    void recorded.push([purpose, user, ...sets].join(' '))
  const upstreams = () => [{ name: 'staff', issuer: 'https://id.example' }]
  const acts = userActs({ users, enrolments, revoke, isTaken, upstreams, record })
  verbs = administrativeVerbs({ app: () => app, ...acts } as unknown as AdministrativeActs) // those about users alone
  const factors = { passwordHash: 'h', totpSecret: 'S', recoveryCodes: ['r'] }
  users.put({ name: 'sam', roles: ['customer'], devices: [], ...factors })
  users.put({ name: 'zoe', roles: ['customer'], devices: [], added: true, ...factors })
})

/** What one verb says to a body: the fault that stops it, or what it answers. */
async function say(name: string, act: string, body: object): Promise<unknown> {
  const verb = verbs.find(({ path }) => path === `/v1/users/:name/${act}`)
  if (verb === undefined) throw new Error(`no verb ${act}`)
  const sent = new TextEncoder().encode(JSON.stringify(body))
  const request = { verb, name, body: sent, credentials: [], proofs: [], url: '' }
  const { fault } = verb.ask(request, by)
  if (fault !== undefined) return fault.code
  return (await verb.carryOut(request, by, undefined as never)).body
}

describe('user add', () => {
  test('invites, and makes nobody yet', async () => {
    expect(await say('kim', 'add', { roles: ['customer'] })).toMatchObject({
      user: { name: 'kim', invited: true, hasPassword: false },
      enrolment: { link: expect.stringMatching(/^https:\/\/localhost:8444\/enrolment\/[A-Z2-7-]{19}$/) },
    })
    expect(users.find('kim')).toBeUndefined()
  })

  const refused: readonly [string, object, string][] = [
    ['sam', { roles: [] }, 'user.name'],
    ['robot', { roles: [] }, 'user.name'],
    ['a b', { roles: [] }, 'user.name'],
    ['kim', { roles: ['root'] }, 'user.role'],
    ['kim', { roles: ['pays', 'approves'] }, 'user.separated'],
    ['kim', { roles: 'customer' }, 'request.json'],
  ]
  for (const [name, body, code] of refused) {
    test(`of ${name} with ${JSON.stringify(body)} is refused: ${code}`, async () => {
      expect(await say(name, 'add', body)).toBe(code)
    })
  }
})

test('user disable takes back an invitation, and the link of a reset', async () => {
  await say('kim', 'add', { roles: ['customer'] })
  await say('kim', 'disable', { reason: 'a mistake' })
  expect(await say('kim', 'disable', { reason: 'again' })).toBe('user.unknown')
  const answer = await say('sam', 'reset', { sets: ['factor'], reason: 'lost' })
  const link = /enrolment\/([A-Z2-7-]+)/.exec(JSON.stringify(answer))?.[1] ?? ''
  expect(enrolments.find(link)).toBeDefined()
  await say('sam', 'disable', { reason: 'left' })
  await say('sam', 'enable', {})
  expect(enrolments.find(link)).toBeUndefined()
})

describe('user reset', () => {
  test('takes away what is to be set anew, and ends everything from before', async () => {
    expect(await say('sam', 'reset', { sets: ['factor'], reason: 'lost' })).toMatchObject({ user: { hasCode: false } })
    expect(users.find('sam')).toMatchObject({ passwordHash: 'h', recoveryCodes: [], passkeys: [] })
    expect(users.find('sam')?.totpSecret).toBeUndefined()
    await say('zoe', 'reset', { sets: ['password'], reason: 'told somebody' })
    expect([users.find('zoe')?.passwordHash, users.find('zoe')?.totpSecret]).toEqual([undefined, 'S'])
    expect(revoked).toEqual(['user/sam', 'user/zoe'])
  })

  test('needs a reason, something to reset, and somebody who is there', async () => {
    await say('kim', 'add', { roles: [] })
    expect(await say('sam', 'reset', { sets: ['factor'] })).toBe('revocation.reason_required')
    expect(await say('sam', 'reset', { sets: ['roles'], reason: 'x' })).toBe('request.json')
    for (const name of ['nobody', 'kim']) {
      expect(await say(name, 'reset', { sets: ['factor'], reason: 'x' })).toBe('user.unknown')
    }
    expect(revoked).toEqual([])
  })
})

describe('user roles', () => {
  test('are said of whom an administrator added, and end what they hold', async () => {
    expect(await say('zoe', 'roles', { roles: ['pays'], reason: 'moved' })).toMatchObject({ user: { roles: ['pays'] } })
    expect(revoked).toEqual(['user/zoe'])
    expect(await say('sam', 'roles', { roles: ['pays'], reason: 'moved' })).toBe('user.of_manifest')
    expect(await say('zoe', 'roles', { roles: ['pays', 'approves'], reason: 'moved' })).toBe('user.separated')
  })
})

describe('a device', () => {
  const desk = { id: 'desk', type: 'laptop', thumbprint: 'A'.repeat(43) }

  test('is enrolled by its key, and taken back with everything that its user holds', async () => {
    expect(await say('sam', 'devices', desk)).toMatchObject({ user: { devices: ['desk'] } })
    expect(users.find('sam')?.devices).toEqual([desk])
    expect(revoked).toEqual([])
    expect(await say('sam', 'devices/remove', { id: 'desk', reason: 'lost' })).toMatchObject({ user: { devices: [] } })
    expect(revoked).toEqual(['user/sam'])
  })

  const refused: readonly [string, string, object, string][] = [
    ['nobody', 'devices', desk, 'user.unknown'],
    ['sam', 'devices', { ...desk, thumbprint: 'short' }, 'user.device'],
    ['sam', 'devices', { ...desk, id: 'a b' }, 'user.device'],
    ['sam', 'devices/remove', { id: 'desk', reason: 'lost' }, 'user.device'],
    ['zoe', 'devices/remove', { id: 'desk', reason: 'lost' }, 'user.device'],
  ]
  for (const [name, act, body, code] of refused) {
    test(`${JSON.stringify(body)} of ${name} at ${act} is refused: ${code}`, async () => {
      expect(await say(name, act, body)).toBe(code)
    })
  }
})

describe('user link', () => {
  const account = { upstream: 'staff', subject: 's-1' }

  test('lets somebody sign in by an account of theirs, records it, and shows it', async () => {
    expect(await say('sam', 'link', account)).toMatchObject({ user: { name: 'sam', links: [account] } })
    expect(users.find('sam')?.links).toEqual([{ issuer: 'https://id.example', subject: 's-1' }])
    expect([recorded, revoked]).toEqual([['link sam staff:s-1'], []])
  })

  test('is taken back with everything that the user holds', async () => {
    await say('sam', 'link', account)
    await say('sam', 'link', { ...account, subject: 's-2' })
    expect(await say('sam', 'unlink', account)).toBe('revocation.reason_required')
    const answer = await say('sam', 'unlink', { ...account, reason: 'another account' })
    expect(answer).toMatchObject({ user: { links: [{ ...account, subject: 's-2' }] } })
    expect([recorded.at(-1), revoked]).toEqual(['unlink sam staff:s-1', ['user/sam']])
    expect(await say('sam', 'unlink', { ...account, reason: 'again' })).toBe('user.link')
  })

  const refused: readonly [string, object, string][] = [
    ['sam', { upstream: 'nowhere', subject: 's-1' }, 'user.upstream'],
    ['sam', { upstream: 'staff', subject: '' }, 'user.subject'],
    ['sam', { upstream: 'staff', subject: 'a\nb' }, 'user.subject'],
    ['sam', { upstream: 'staff', subject: 'a'.repeat(256) }, 'user.subject'],
    ['sam', { upstream: 'staff' }, 'request.json'],
    ['nobody', { upstream: 'staff', subject: 's-1' }, 'user.unknown'],
  ]
  for (const [name, body, code] of refused) {
    test(`of ${name} to ${JSON.stringify(body).slice(0, 60)} is refused: ${code}`, async () => {
      expect(await say(name, 'link', body)).toBe(code)
    })
  }

  test('gives one account to one user', async () => {
    await say('sam', 'link', account)
    for (const name of ['sam', 'zoe']) expect(await say(name, 'link', account)).toBe('user.linked')
    expect(users.find('zoe')?.links ?? []).toEqual([])
  })
})
