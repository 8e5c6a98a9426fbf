import { SallyportError } from '@sallyport/core/access'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createMemoryStore } from '../testing/memory-store.ts'
import { askingThese, type FakeUpstream, type Forgery, startFakeUpstream } from '../testing/upstream.ts'
import { createUserStore } from '../users.ts'
import { endedByChange } from './links.ts'
import { openUpstreams, type UpstreamOptions } from './upstreams.ts'

const moment = { issuerUrl: 'https://localhost', nowSeconds: (): number => 0 }
let odd: FakeUpstream
const asking = askingThese(() => [odd.declared])

beforeAll(async () => {
  odd = await startFakeUpstream('odd', { amr: [], acr: [] })
})
afterAll(() => odd.close())

const strange: readonly [string, (issuer: string) => Forgery['metadata']][] = [
  ['speak for another issuer', () => ({ issuer: 'https://id.example' })],
  ['speak for another issuer by a slash', (issuer) => ({ issuer: `${issuer}/` })],
  ['lead to a script', () => ({ authorization_endpoint: 'javascript:alert(1)' })],
  ['lead nowhere', () => ({ authorization_endpoint: undefined })],
  ['are no metadata', () => ({ issuer: 7 })],
]
for (const [what, metadata] of strange) {
  test(`nobody is sent to an upstream whose metadata ${what}`, async () => {
    odd.forge({ metadata: metadata(odd.declared.issuer) ?? {} })
    const upstreams = openUpstreams(asking, moment)
    await expect(upstreams.begin('odd', 60)).rejects.toMatchObject({ code: 'sign-in.upstream_answer' })
    odd.forge({})
    expect((await upstreams.begin('odd', 60)).address).toContain(`${odd.declared.issuer}/authorize?`)
  })
}

test('an upstream is asked once for all who come at that moment, and again if it failed', async () => {
  const asked: string[] = []
  let isUp = false
  const counted: UpstreamOptions = {
    ...asking,
    fetch: (address, request) => {
      asked.push(address)
      return isUp ? asking.fetch(address, request) : Promise.reject(new SallyportError('issuer.address', 'not there'))
    },
  }
  const upstreams = openUpstreams(counted, moment)
  const both = async (): Promise<readonly string[]> =>
    (await Promise.allSettled([upstreams.begin('odd', 60), upstreams.begin('odd', 60)])).map(({ status }) => status)
  expect([await both(), asked.length]).toEqual([['rejected', 'rejected'], 1])
  isUp = true
  expect([await both(), asked.length]).toEqual([['fulfilled', 'fulfilled'], 2])
})

test('nobody signs in at an upstream that cannot be asked, or whose secret nobody set', async () => {
  const refused = new SallyportError('issuer.address', 'not there')
  const unasked = openUpstreams({ ...asking, fetch: () => Promise.reject(refused) }, moment)
  await expect(unasked.begin('odd', 60)).rejects.toMatchObject({
    code: 'sign-in.upstream_unreachable',
    message: 'issuer.address',
  })
  const unset = openUpstreams({ ...asking, useSecret: () => undefined }, moment)
  const { state, trip, address } = await unset.begin('odd', 60)
  const { search } = new URL(odd.answer(address, 'a-1'))
  await expect(unset.complete({ ...trip, uid: 'u' }, state, search)).rejects.toMatchObject({
    code: 'sign-in.upstream_unreachable',
    message: 'secret odd-secret is not set',
  })
})

test('what rests on an upstream ends when the manifest takes it away, or lets it count otherwise', () => {
  const one = { ...odd.declared, mfa: { amr: ['mfa'], acr: ['gold'] } }
  const users = createUserStore(createMemoryStore(() => 0))
  users.put({ name: 'alice', roles: [], devices: [], links: [{ issuer: one.issuer, subject: 'a-1' }] })
  users.put({ name: 'bob', roles: [], devices: [] })
  const ended = (after: readonly (typeof one)[]): readonly string[] => endedByChange(users, [one], after)
  expect(ended([])).toEqual(['alice'])
  expect(ended([{ ...one, mfa: { amr: [], acr: ['gold'] } }])).toEqual(['alice'])
  expect(ended([{ ...one, client: 'another' }])).toEqual(['alice'])
  expect(
    ended([
      { ...one, scopes: ['openid'] },
      { ...one, name: 'other', issuer: 'https://id.example' },
    ]),
  ).toEqual([])
})
