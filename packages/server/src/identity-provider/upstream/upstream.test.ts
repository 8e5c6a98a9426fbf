import { decodeJwt, generateKeyPair } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { type RealUpstream, startRealUpstream } from '../testing/real-upstream.ts'
import { askingThese, type FakeUpstream, type Forgery, startFakeUpstream } from '../testing/upstream.ts'
import { type Answer, openVisit, type Visit } from '../testing/visitor.ts'

// Passwords are hashed here, which a machine with other work does slowly.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let provider: TestProvider
let staff: FakeUpstream
let other: FakeUpstream
let visitor: Visit
let real: RealUpstream | undefined
let isDeclared = true

beforeAll(async () => {
  staff = await startFakeUpstream('staff', { amr: ['mfa'], acr: ['gold'] })
  other = await startFakeUpstream('other', { amr: [], acr: [] })
  const declared = () => {
    if (!isDeclared) return []
    return [staff, other, ...(real === undefined ? [] : [real])].map((upstream) => upstream.declared)
  }
  provider = await startTestProvider({ upstreams: askingThese(declared) })
  link('alice', [{ issuer: staff.declared.issuer, subject: 'a-1' }])
})
afterAll(async () => {
  await provider.close()
  await staff.close()
  await other.close()
  await real?.close()
})
beforeEach(() => {
  visitor = openVisit(provider)
})
afterEach(() => {
  isDeclared = true
  staff.forge({})
  link('alice', [{ issuer: staff.declared.issuer, subject: 'a-1' }])
})

function link(name: string, links: readonly { readonly issuer: string; readonly subject: string }[]): void {
  const user = provider.users.find(name)
  if (user === undefined) throw new Error(`no ${name}`)
  provider.users.put({ ...user, links, disabled: false })
}

/** Goes to an upstream and gives the address that it sends back to. */
async function goTo(upstream: FakeUpstream, subject: string, asked: Record<string, string> = {}): Promise<string> {
  const path = await visitor.start(asked)
  const { location } = await visitor.send('GET', `${path}/upstream/${upstream.declared.name}`)
  return upstream.answer(location, subject)
}

/** What a browser gets that is sent back. */
async function comeBack(address: string, by = visitor): Promise<Answer> {
  const { pathname, search } = new URL(address)
  const led = await by.send('GET', pathname + search)
  return led.status === 303 ? by.send('GET', led.location) : led
}

const signIn = async (subject: string, asked?: Record<string, string>): Promise<Answer> =>
  comeBack(await goTo(staff, subject, asked))

const claimsOf = async ({ location }: Answer): Promise<Record<string, unknown>> =>
  decodeJwt(JSON.parse((await visitor.exchange(location)).body).access_token)

const said = (): string | undefined => provider.events.at(-1)?.code

describe('a sign-in at an upstream', () => {
  test('begins at a link on the page, and brings whoever is linked there, as one factor', async () => {
    const path = await visitor.start()
    expect((await visitor.send('GET', path)).body).toContain(`href="${path}/upstream/staff">Continue with staff</a>`)
    const { location } = await signIn('a-1')
    const done = await visitor.submit(`${location}/without-second-factor`, {})
    expect(provider.events.at(-1)).toMatchObject({
      event: 'signed-in',
      user: 'alice',
      upstream: 'staff',
      subject: 'a-1',
    })
    expect(await claimsOf(done)).toMatchObject({
      sub: 'alice',
      amr: ['fed'],
      acr: 'urn:sallyport:acr:single-factor',
      sid: expect.any(String),
    })
  })

  test('asks for the code of our own second factor, which makes it two', async () => {
    const { location } = await signIn('a-1')
    expect((await visitor.send('GET', location)).body).toMatch(/autocomplete="one-time-code"/)
    const done = await visitor.submit(`${location}/code`, { code: visitor.codeOf('alice') })
    expect(await claimsOf(done)).toMatchObject({ sub: 'alice', amr: ['fed', 'otp', 'mfa'] })
  })

  for (const claims of [{ amr: ['pwd', 'mfa'] }, { acr: 'gold' }]) {
    test(`counts as two factors where the manifest says so of ${JSON.stringify(claims)}`, async () => {
      staff.forge({ claims })
      expect(await claimsOf(await signIn('a-1'))).toMatchObject({ amr: ['fed', 'mfa'], acr: 'urn:sallyport:acr:mfa' })
    })
  }

  for (const claims of [{ amr: 'mfa' }, { amr: ['MFA'] }, { acr: ['gold'] }, { acr: 'golden' }, { mfa: true }]) {
    test(`counts as one factor with ${JSON.stringify(claims)}`, async () => {
      staff.forge({ claims })
      expect((await signIn('a-1')).location).toMatch(/^\/interaction\/[^/]+$/)
    })
  }

  test('is as old as the upstream says, and not enough where a younger one is asked for', async () => {
    const at = Math.floor(Date.now() / 1_000) - 3_000
    staff.forge({ claims: { amr: ['mfa'], auth_time: at } })
    expect(await claimsOf(await signIn('a-1'))).toMatchObject({ auth_time: at })
    expect(await claimsOf(await signIn('a-1', { max_age: '3600' }))).toMatchObject({ auth_time: at })
    for (const asked of [{ max_age: '600' }, { prompt: 'login' }]) {
      await signIn('a-1', asked)
      expect(said()).toBe('sign-in.upstream_age')
    }
    staff.forge({ claims: { amr: ['mfa'], auth_time: at - 12 * 3_600 } })
    await signIn('a-1')
    expect(said()).toBe('sign-in.upstream_age')
    // Of unknown age is too old, but for a factor that was proved here and now.
    staff.forge({})
    const { location } = await signIn('a-1', { max_age: '600' })
    await visitor.submit(`${location}/without-second-factor`, {})
    expect(said()).toBe('sign-in.upstream_age')
  })

  test('at oidc-provider, which checks client secret, PKCE and redirect address itself', async () => {
    real = await startRealUpstream('real', `${provider.issuerUrl}/upstream/real/callback`)
    link('bob', [{ issuer: real.declared.issuer, subject: 'r-1' }])
    const path = await visitor.start({ max_age: '600' })
    const { location } = await visitor.send('GET', `${path}/upstream/real`)
    expect((await comeBack(await real.signIn(location, 'r-1'))).location).toBe(path)
    const done = await visitor.submit(`${path}/without-second-factor`, {})
    expect(await claimsOf(done)).toMatchObject({ sub: 'bob', amr: ['fed'], auth_time: expect.any(Number) })
  })

  test('hands on to the upstream how young a sign-in must be', async () => {
    const ageAsked = async (asked: Record<string, string>): Promise<URLSearchParams> => {
      const path = await visitor.start(asked)
      return new URL((await visitor.send('GET', `${path}/upstream/staff`)).location).searchParams
    }
    expect((await ageAsked({ prompt: 'login' })).get('max_age')).toBe('0')
    expect((await ageAsked({})).get('max_age')).toBe(String(12 * 3_600))
    const searchParams = await ageAsked({ max_age: '600' })
    expect(Object.fromEntries(searchParams)).toMatchObject({
      max_age: '600',
      response_type: 'code',
      scope: 'openid profile',
      code_challenge_method: 'S256',
      redirect_uri: `${provider.issuerUrl}/upstream/staff/callback`,
    })
  })
})

describe('nobody signs in at an upstream', () => {
  const nobody: readonly [string, string, Forgery][] = [
    ['as a subject that nobody is linked to', 'a-2', {}],
    ['by an e-mail address, verified or not', 'b-1', { claims: { email: 'alice@shop.example', email_verified: true } }],
    ['by the name of a user', 'alice', { claims: { preferred_username: 'alice' } }],
    ['as a subject in another case', 'A-1', {}],
  ]
  for (const [what, subject, forgery] of nobody) {
    test(what, async () => {
      staff.forge(forgery)
      const answer = await signIn(subject)
      expect([answer.status, said()]).toEqual([403, 'sign-in.upstream_unlinked'])
      expect(answer.body).not.toContain(subject === 'alice' ? 'preferred' : subject)
    })
  }

  test('as the same subject of another upstream', async () => {
    await comeBack(await goTo(other, 'a-1'))
    expect(said()).toBe('sign-in.upstream_unlinked')
  })

  test('who was put out', async () => {
    const alice = provider.users.find('alice')
    if (alice !== undefined) provider.users.put({ ...alice, disabled: true })
    await signIn('a-1')
    expect(said()).toBe('sign-in.upstream_unlinked')
  })

  test('who was unlinked since, at the second factor or when the code is exchanged', async () => {
    const { location } = await signIn('a-1')
    link('alice', [])
    await visitor.submit(`${location}/without-second-factor`, {})
    expect(said()).toBe('sign-in.upstream_unlinked')
    link('alice', [{ issuer: staff.declared.issuer, subject: 'a-1' }])
    staff.forge({ claims: { amr: ['mfa'] } })
    const done = await signIn('a-1')
    link('alice', [])
    expect(JSON.parse((await visitor.exchange(done.location)).body)).toMatchObject({ error: 'invalid_grant' })
  })

  test('at one that the manifest names no more', async () => {
    const back = await goTo(staff, 'a-1')
    isDeclared = false
    await comeBack(back)
    expect(said()).toBe('sign-in.upstream_unreachable')
    const path = await visitor.start()
    expect((await visitor.send('GET', `${path}/upstream/staff`)).status).toBe(404)
  })

  test('in another browser than the one that began (login CSRF)', async () => {
    const back = await goTo(staff, 'a-1')
    const victim = openVisit(provider)
    expect((await comeBack(back, victim)).status).toBe(400)
    await victim.start()
    expect((await comeBack(back, victim)).status).toBe(400)
    expect((await comeBack(back)).status).toBe(303)
  })

  test('in another sign-in of the same browser', async () => {
    const back = await goTo(staff, 'a-1')
    const path = await visitor.start()
    const { search } = new URL(back)
    expect((await visitor.send('GET', `${path}/upstream/staff/answer${search}`)).status).toBe(400)
    expect(said()).toBe('sign-in.upstream_state')
  })

  test('twice by one answer', async () => {
    const back = await goTo(staff, 'a-1')
    const led = await visitor.send('GET', new URL(back).pathname + new URL(back).search)
    expect((await visitor.send('GET', led.location)).status).toBe(303)
    expect((await visitor.send('GET', led.location)).status).toBe(400)
    expect(said()).toBe('sign-in.upstream_state')
    expect((await comeBack(back)).status).toBe(400)
  })

  test('by the answer of another upstream (mix-up)', async () => {
    // The person began at one upstream, which sends them on to the other with its own state.
    const path = await visitor.start()
    const { location } = await visitor.send('GET', `${path}/upstream/other`)
    const turned = new URL(location)
    turned.searchParams.set('redirect_uri', `${provider.issuerUrl}/upstream/staff/callback`)
    expect((await comeBack(staff.answer(turned.href, 'a-1'))).status).toBe(400)
    expect(said()).toBe('sign-in.upstream_state')
    turned.searchParams.set('redirect_uri', `${provider.issuerUrl}/upstream/other/callback`)
    await comeBack(staff.answer(turned.href, 'a-1'))
    expect(said()).toBe('sign-in.upstream_answer') // iss, RFC 9207
  })

  const issuedLongAgo = Math.floor(Date.now() / 1_000) - 3_600
  const forged: readonly [string, Forgery | (() => Promise<Forgery>), string][] = [
    ['for another client', { claims: { aud: 'another' } }, 'answer'],
    ['for several clients, made for none', { claims: { aud: ['checkout', 'another'] } }, 'answer'],
    ['made for another client', { claims: { aud: ['checkout', 'another'], azp: 'another' } }, 'answer'],
    ['of another issuer', { claims: { iss: 'https://id.example' } }, 'answer'],
    ['with the nonce of another sign-in', { claims: { nonce: 'n-0' } }, 'answer'],
    ['that has expired', { claims: { iat: issuedLongAgo, exp: issuedLongAgo + 60 } }, 'answer'],
    ['by another key', async () => ({ key: (await generateKeyPair('ES256')).privateKey }), 'answer'],
    ['that tells no time', { claims: { auth_time: Number.NaN } }, 'answer'],
    ['of an unprintable subject', { claims: { sub: 'a\n1' } }, 'answer'],
    ['with a code of somebody else', { answer: { code: 'c-0' } }, 'answer'],
    ['without code', { answer: { code: undefined } }, 'answer'],
    ['without iss, where the upstream says that it sends one', { answer: { iss: undefined } }, 'answer'],
    ['with the iss of another', { answer: { iss: 'https://id.example' } }, 'answer'],
    ['that is a refusal', { answer: { code: undefined, error: 'access_denied' } }, 'refused'],
  ]
  for (const [what, forgery, code] of forged) {
    test(`by an answer ${what}`, async () => {
      staff.forge(typeof forgery === 'function' ? await forgery() : forgery)
      const answer = await signIn('a-1')
      expect([answer.status, said()]).toEqual([403, `sign-in.upstream_${code}`])
    })
  }

  test('and nothing that an answer says is shown', async () => {
    const error = '<b>call 555</b>'
    staff.forge({ answer: { code: undefined, error, error_description: error } })
    const { body } = await signIn('a-1')
    expect(body).toContain('The other side did not sign you in.')
    expect(body).not.toContain('555')
    expect(provider.events.at(-1)).toMatchObject({ code: 'sign-in.upstream_refused', detail: 'unreadable' })
  })
})
