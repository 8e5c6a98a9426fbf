import { beforeEach, describe, expect, it } from 'vitest'

import type { User, UserStore } from '../ports.ts'
import { type Authenticator, createAuthenticator } from '../testing/authenticator.ts'
import { createMemoryStore } from '../testing/memory-store.ts'
import { openPasskeys, type Passkeys } from './passkeys.ts'

const issuerUrl = 'https://id.example'
const person = (name: string): User => ({ name, roles: [], devices: [] })

/** What browsers post, made here: no browser is needed to ask what the provider believes. */
describe('an answer of a passkey', () => {
  let people: Map<string, User>
  let passkeys: Passkeys
  let device: Authenticator

  beforeEach(async () => {
    people = new Map(['ada', 'bob'].map((name) => [name, person(name)]))
    const nowSeconds = (): number => 1_800_000_000
    const users: UserStore = {
      find: (name) => people.get(name),
      names: () => [...people.keys()],
      put: (user) => void people.set(user.name, user),
      remove: (name) => void people.delete(name),
    }
    passkeys = openPasskeys({ app: 'shop', issuerUrl, users, store: createMemoryStore(nowSeconds), nowSeconds })
    device = createAuthenticator(issuerUrl, 'a key of ada’s')
  })

  const of = (name: string): User => people.get(name) ?? person(name)
  const add = async (name: string, saying = {}, by = device): Promise<boolean> =>
    passkeys.add(of(name), 'uid', by.create(await passkeys.creationOptions(of(name), 'uid'), saying))
  const prove = async (saying = {}, user?: User): Promise<string | undefined> => {
    const answer = device.get(await passkeys.requestOptions('uid', user), { counter: 2, ...saying })
    return (await passkeys.prove('uid', answer, user))?.name
  }

  it('makes a passkey that proves its person, alone and as a second factor', async () => {
    expect(await add('ada')).toBe(true)
    expect(await prove()).toBe('ada')
    expect(await prove({ counter: 3, verified: false }, of('ada'))).toBe('ada')
    expect(of('ada').passkeys?.[0]?.counter).toBe(3)
  })

  it('counts once', async () => {
    await add('ada')
    const answer = device.get(await passkeys.requestOptions('uid'), { counter: 0 })
    people.set('ada', { ...of('ada'), passkeys: (of('ada').passkeys ?? []).map((one) => ({ ...one, counter: 0 })) })
    expect((await passkeys.prove('uid', answer))?.name).toBe('ada')
    expect(await passkeys.prove('uid', answer)).toBeUndefined()
  })

  it('is of the sign-in that asked', async () => {
    await add('ada')
    const answer = device.get(await passkeys.requestOptions('uid'), { counter: 2 })
    await passkeys.requestOptions('another')
    expect(await passkeys.prove('another', answer)).toBeUndefined()
  })

  it('makes none elsewhere, unverified, or at great length', async () => {
    expect(await add('ada', { origin: 'https://id.example.evil.example' })).toBe(false)
    expect(await add('ada', { verified: false })).toBe(false)
    const options = await passkeys.creationOptions(of('ada'), 'uid')
    expect(await passkeys.create(of('ada'), 'uid', device.create(options) + ' '.repeat(12_000))).toBeUndefined()
  })

  it.each([
    ['elsewhere', { origin: 'https://id.example.evil.example' }],
    ['unverified', { verified: false }],
    ['by a key that nobody has', { id: 'a key of nobody’s' }],
    ['by one that can be copied all at once', { copied: true }],
    ['by one whose count goes back', { counter: 1 }],
  ])('proves nobody %s', async (_, saying) => {
    await add('ada')
    await prove()
    expect(await prove({ counter: 3, ...saying })).toBeUndefined()
  })

  it.each(['', '{"id":', 'null', '7', '"id"', '{}', '{"id":7}', '{"id":"AAAA"}'])('is not %j', async (answer) => {
    await add('ada')
    await passkeys.creationOptions(of('ada'), 'uid')
    expect(await passkeys.create(of('ada'), 'uid', answer)).toBeUndefined()
    await passkeys.requestOptions('uid')
    expect(await passkeys.prove('uid', answer)).toBeUndefined()
  })

  it('answers what was asked, and proves nobody of whom nothing was', async () => {
    await add('ada')
    const answer = device.get(await passkeys.requestOptions('uid'), { counter: 2 })
    expect(await passkeys.prove('unasked', answer)).toBeUndefined()
    expect((await passkeys.prove('uid', answer))?.name).toBe('ada')
  })

  it('makes no passkey of somebody who went meanwhile', async () => {
    const [ada, options] = [of('ada'), await passkeys.creationOptions(of('ada'), 'uid')]
    people.delete('ada')
    expect(await passkeys.add(ada, 'uid', device.create(options))).toBe(false)
    expect(people.has('ada')).toBe(false)
    people.set('ada', ada)
    expect(await add('ada')).toBe(true)
  })

  it('proves nobody who went meanwhile, nor by a passkey that is theirs no more', async () => {
    await add('ada')
    const ada = of('ada')
    people.set('ada', { ...ada, passkeys: [] })
    expect(await prove()).toBeUndefined()
    people.delete('ada')
    expect(await prove()).toBeUndefined()
    people.set('ada', ada)
    expect(await prove()).toBe('ada')
  })

  it('proves nobody with another’s signature', async () => {
    await add('ada')
    const forger = createAuthenticator(issuerUrl, 'a key of ada’s')
    const answer = forger.get(await passkeys.requestOptions('uid'), { counter: 2 })
    expect(await passkeys.prove('uid', answer)).toBeUndefined()
  })

  it('proves nobody who is switched off', async () => {
    await add('ada')
    people.set('ada', { ...of('ada'), disabled: true })
    expect(await prove()).toBeUndefined()
  })

  it('is no second factor of somebody else', async () => {
    await add('ada')
    expect(await prove({}, of('bob'))).toBeUndefined()
  })

  it('makes nobody’s passkey another’s', async () => {
    await add('ada')
    expect(await add('bob')).toBe(false)
    expect(of('bob').passkeys).toBeUndefined()
  })

  it('makes no more passkeys than anybody has devices', async () => {
    const [one] = (await add('ada')) ? (of('ada').passkeys ?? []) : []
    if (one === undefined) throw new Error('no passkey was made')
    people.set('ada', { ...of('ada'), passkeys: Array.from({ length: 20 }, () => one) })
    expect(await add('ada', { id: 'one more' })).toBe(false)
  })
})
