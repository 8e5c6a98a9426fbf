import { afterAll, beforeAll, expect, test } from 'vitest'

import { createAttempts, startAttempts } from '../sign-in/attempts.ts'
import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { askingThese, type FakeUpstream, startFakeUpstream } from '../testing/upstream.ts'
import { type Answer, openVisit } from '../testing/visitor.ts'
import { openUpstreams, type UpstreamOptions } from './upstreams.ts'

let provider: TestProvider
let staff: FakeUpstream
let odd: FakeUpstream

beforeAll(async () => {
  staff = await startFakeUpstream('staff', { amr: [], acr: [] })
  odd = await startFakeUpstream('odd', { amr: [], acr: [] })
  odd.forge({ metadata: { issuer: 'https://id.example' } })
  provider = await startTestProvider({ upstreams: askingThese(() => [staff.declared, odd.declared]) })
  const alice = provider.users.find('alice')
  if (alice === undefined) throw new Error('no alice')
  provider.users.put({ ...alice, links: [{ issuer: staff.declared.issuer, subject: 'a-1' }] })
})
afterAll(async () => {
  await provider.close()
  await staff.close()
  await odd.close()
})

/** What a browser gets that goes to the upstream and comes back. */
async function signIn(): Promise<Answer> {
  const visitor = openVisit(provider)
  const path = await visitor.start()
  const { location } = await visitor.send('GET', `${path}/upstream/staff`)
  const { pathname, search } = new URL(staff.answer(location, 'a-1'))
  const led = await visitor.send('GET', pathname + search)
  return visitor.send('GET', led.location)
}

test('a fault of ours is no answer of an upstream, and tells the visitor nothing', async () => {
  expect((await signIn()).status, 'control').toBe(303)
  provider.store.put('user', 'broken', '{}')
  const { status, body } = await signIn()
  provider.store.delete('user', 'broken')
  expect([status, provider.events.at(-1)]).toMatchObject([500, { event: 'failed', code: 'sign-in.fault' }])
  expect(body).not.toContain('broken')
})

test('a visitor is told on the page of the sign-in that an upstream cannot be gone to', async () => {
  const visitor = openVisit(provider)
  const path = await visitor.start()
  const { status, body } = await visitor.send('GET', `${path}/upstream/odd`)
  expect([status, body]).toEqual([403, expect.stringContaining('What the other side answered was not accepted.')])
  expect(provider.events.at(-1)).toMatchObject({ code: 'sign-in.upstream_answer', upstream: 'odd' })
})

test('nobody has an upstream asked without end', async () => {
  const visitor = openVisit(provider)
  const path = await visitor.start()
  expect((await visitor.send('GET', `${path}/upstream/staff`)).status).toBe(303)
  const attempts = createAttempts(provider.store, () => Math.floor(Date.now() / 1_000))
  while (attempts.take(startAttempts('127.0.0.1')));
  expect((await visitor.send('GET', `${path}/upstream/staff`)).status).toBe(429)
  expect(provider.events.at(-1)).toMatchObject({ code: 'sign-in.too_many_attempts', upstream: 'staff' })
})

test('the secret of an upstream goes nowhere in the clear, whatever its metadata say', async () => {
  const issuer = 'https://id.example'
  const asked: string[] = []
  const overHttps = (token: string): ReturnType<typeof openUpstreams> => {
    const metadata = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: token }
    const options: UpstreamOptions = {
      ...askingThese(() => [{ ...staff.declared, issuer }]),
      fetch: async (address) => {
        asked.push(address)
        return Response.json(metadata)
      },
    }
    return openUpstreams(options, { issuerUrl: 'https://localhost', nowSeconds: () => 0 })
  }
  for (const scheme of ['https', 'http']) {
    const upstreams = overHttps(`${scheme}://id.example/token`)
    const { state, trip } = await upstreams.begin('staff', 60)
    const done = upstreams.complete({ ...trip, uid: 'u' }, state, `?code=c&state=${state}`)
    await expect(done).rejects.toMatchObject({ code: 'sign-in.upstream_answer' })
  }
  expect(asked.filter((address) => address.endsWith('/token'))).toEqual(['https://id.example/token'])
  await expect(overHttps('').begin('nobody', 60)).rejects.toMatchObject({ code: 'sign-in.upstream_unreachable' })
})
