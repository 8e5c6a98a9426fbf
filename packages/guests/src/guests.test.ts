import { contextKeys } from '@sallyport/core/access'
import type { Guest } from '@sallyport/manifest'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { type Guests, openGuests } from './guests.ts'
import { assemble, withOwnMemory } from './testing/modules.ts'
import { cedarGuest, opaGuest, request, saidOf } from './testing/guest.ts'

vi.setConfig({ testTimeout: 120_000 })

const opened: Guests[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((guests) => guests.close()))
})

async function open(...guests: readonly Guest[]): Promise<Guests> {
  const all = await openGuests(guests, () => undefined)
  opened.push(all)
  return all
}

/** What the one guest says of one request. */
async function ask(guest: Guest, asked = request()): Promise<ReturnType<typeof saidOf>> {
  const [answered] = await (await open(guest)).ask([asked] as const)
  return saidOf(answered)
}

describe('an OPA module', () => {
  test('that says true, allows; how long it took is told', async () => {
    const said = await ask(await opaGuest('sallyport/allow'))
    expect(said).toMatchObject({ verdict: 'allow', fault: undefined })
    expect(said.latencyMs).toBeTypeOf('number')
  })

  test('that says no, denies, with its reason in printable text', async () => {
    expect(await ask(await opaGuest('deny'))).toMatchObject({ verdict: 'deny', detail: 'not  [31mtoday [0m' })
  })

  test('that runs for ever is late', async () => {
    expect(await ask(await opaGuest('loop', { deadlineMs: 100 }))).toMatchObject({
      verdict: undefined,
      fault: 'guest.late',
    })
  })

  test.each([
    ['trap', 'unreachable'],
    ['no-json', 'Unexpected token'],
    ['abort', 'no more'],
  ])('that answers by %s gives no verdict, and what went wrong is told', async (entrypoint, detail) => {
    expect(await ask(await opaGuest(entrypoint))).toMatchObject({
      verdict: undefined,
      fault: 'guest.faulty',
      detail: expect.stringContaining(detail),
    })
  })

  test('that is undefined for a request gives no verdict', async () => {
    expect(await ask(await opaGuest('undefined'))).toMatchObject({ verdict: undefined, fault: 'guest.undefined' })
  })

  test('that takes all the memory it can get, gets what it was given', async () => {
    expect(await ask(await opaGuest('grow'))).toMatchObject({ verdict: 'deny', detail: '64 pages' })
  })

  test('that fills the heap of its process ends that process, and no other', async () => {
    const { verdict, fault } = await ask(await opaGuest('bomb', { memoryMb: 32 }))
    expect(verdict).toBeUndefined()
    expect(['guest.ended', 'guest.faulty', 'guest.late']).toContain(fault)
    expect(await ask(await opaGuest('sallyport/allow'))).toMatchObject({ verdict: 'allow' })
  })

  test.each([
    ['brings a memory of its own', async () => opaGuest('deny', { bytes: await assemble(withOwnMemory) })],
    ['lacks the entrypoint', async () => opaGuest('nobody')],
    ['is cut short', async () => opaGuest('deny', { bytes: (await opaGuest('deny')).bytes.subarray(0, 200) })],
    ['is no module', async () => opaGuest('deny', { bytes: new Uint8Array(8) })],
  ])('that %s is not loaded', async (_, guest) => {
    await expect(open(await guest())).rejects.toMatchObject({ code: 'guest.unloadable' })
  })
})

describe('Cedar policies', () => {
  const policies = `
    permit(principal, action, resource);
    @id("not-from-us") forbid(principal, action, resource) when { context["sallyport:Country"] == "US" };
    @id("no-refunds") forbid(principal in Role::"support", action, resource == Resource::"arn:refund");
    @id("zone") forbid(principal, action, resource in Zone::"closed");
    @id("for-bob") forbid(principal, action, resource) when { context has user && context.user.name == "bob" };
  `

  test('permit and forbid by facts, roles, zones and people; what errs gives no verdict', async () => {
    const guests = await open(cedarGuest(policies))
    const bob = { ...request().subject, id: 'arn:sallyport:identity:shop::user/bob', name: 'bob', roles: [] }
    const answers = await guests.ask([
      request(),
      request({ context: { [contextKeys.country]: 'US' } }),
      request({ resource: 'arn:refund' }),
      request({ resource: 'arn:refund', subject: bob }),
      request({ resource: 'arn:sallyport:function:shop:closed:vault' }),
      request({ user: bob }),
      request({ resource: 'arn:aws:s3:eu-central-1:closed:bucket' }),
      request({ context: {} }),
    ] as const)
    const said = answers.map((one) => saidOf(one))
    expect(said.slice(0, 7).map(({ verdict, detail }) => [verdict, detail])).toEqual([
      ['allow', 'policy0'],
      ['deny', 'not-from-us'],
      ['deny', 'no-refunds'],
      ['allow', 'policy0'],
      ['deny', 'zone'],
      ['deny', 'for-bob'],
      ['allow', 'policy0'], // what stands there in an ARN of AWS is an account, and no zone
    ])
    // Without a country the first forbid cannot be evaluated. Cedar leaves it out, and itself allows the request.
    expect(said[7]).toMatchObject({ verdict: undefined, fault: 'guest.faulty' })
    expect(said[7]?.detail).toContain('not-from-us: ')
  })

  test('deny where nothing permits', async () => {
    expect(await ask(cedarGuest('forbid(principal, action, resource) when { false };'))).toMatchObject({
      verdict: 'deny',
      detail: 'no policy permits it',
    })
  })

  test('are told by the names that their author gave them, however many there are', async () => {
    const many = Array.from(
      { length: 12 },
      (_, index) => `@id("rule-${index}") forbid(principal, action == Action::"a:${index}", resource);`,
    )
    const guests = await open(cedarGuest(many.join('\n')))
    const answers = await guests.ask([2, 10, 11].map((index) => request({ action: `a:${index}` })))
    expect(answers.map((one) => saidOf(one).detail)).toEqual(['rule-2', 'rule-10', 'rule-11'])
  })

  test.each([
    ['a word that Cedar does not know', 'permit(principal, actoin, resource);', 'actoin'],
    ['nothing', '// nobody', 'there is no policy in it'],
    ['a template', 'permit(principal == ?principal, action, resource);', 'a template stands for nothing'],
  ])('of %s are not loaded, and why is told', async (_, text, why) => {
    await expect(open(cedarGuest(text))).rejects.toMatchObject({
      code: 'guest.unloadable',
      message: expect.stringContaining(why),
    })
  })
})

describe('guests', () => {
  test('are asked about each request that is theirs, and state nothing of the others', async () => {
    const route = request()
    const guest = await opaGuest('deny', { asks: [{ text: 'doors', action: 'sallyport:UseDoor' }] })
    const door = request({ action: 'sallyport:UseDoor' })
    const refused = request({
      action: 'sallyport:UseDoor',
      refusal: { code: 'door.unlisted', layer: 'door', message: '' },
    })
    const answers = await (await open(guest)).ask([route, door, refused, door] as const)
    expect(answers.map((one) => saidOf(one).verdict)).toEqual([undefined, 'deny', undefined, 'deny'])
  })

  test('hold up nothing that they are not asked about', async () => {
    const guests = await open(
      await opaGuest('loop', { asks: [{ text: 'doors', action: 'sallyport:UseDoor' }], deadlineMs: 500 }),
    )
    const asked = guests.ask([request({ action: 'sallyport:UseDoor' })] as const)
    const other = guests.ask([request()] as const)
    const [first] = await Promise.race([asked, other])
    expect(first.action).toBe('sallyport:CallRoute')
    expect((await asked).map((one) => saidOf(one).fault)).toEqual(['guest.late'])
  })

  test('of which one cannot be loaded do not run at all', async () => {
    const good = await opaGuest('sallyport/allow')
    await expect(open(good, await opaGuest('nobody', { name: 'other' }))).rejects.toMatchObject({
      code: 'guest.unloadable',
      message: expect.stringContaining('it has sallyport/allow, deny'),
    })
  })

  test('alone say what a guest said: a fact of that name that came with the request is taken away', async () => {
    const forged = { [`${contextKeys.guest}/tested`]: 'allow', [`SALLYPORT:GUEST/tested`.toLowerCase()]: 'allow' }
    const guests = await open(await opaGuest('trap'))
    const [answered] = await guests.ask([request({ context: { ...forged, 'a:b': 'c' } })] as const)
    expect(Object.keys(answered.context).filter((key) => /^sallyport:guest\//i.test(key))).toEqual([])
    expect(answered.context).toMatchObject({ 'a:b': 'c' })
  })

  test('that are none cost nothing: requests pass as they are', async () => {
    const asked = [request()] as const
    expect((await open()).ask(asked)).toBe(asked)
  })
})
