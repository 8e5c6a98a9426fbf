import { anonymous, type Subject } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { guestsThatSay } from '../information/testing/guests.ts'
import { affinityOf } from './gate.ts'
import { alice, destination, request, roomsFor } from './testing/rooms.ts'

test('guests are asked before it is decided, about what is known of the request by then', async () => {
  const { ask, decided } = roomsFor(alice, {
    askGuests: guestsThatSay(({ context }) => String(context['aws:SourceIp'])),
  })
  expect((await ask()).status).toBe(200)
  expect(decided[0]?.asked[0].context).toMatchObject({ 'sallyport:Guest/tested': '127.0.0.1' })
})

test('a user is led to the function, and nobody else on their behalf', async () => {
  const { ask, invoked } = roomsFor(alice)
  expect(await ask()).toEqual({ status: 200, code: 'none' })
  expect(invoked).toMatchObject([{ functionName: 'shop', user: alice, affinity: affinityOf(alice) }])
})

test('a function gets the event that it was written for', async () => {
  const { ask, invoked } = roomsFor(alice)
  await ask()
  await ask({ destination: { ...destination(false), event: 'rest' } })
  const events: unknown[] = invoked.map(({ event }) => JSON.parse(Buffer.from(event).toString()))
  expect(events).toMatchObject([{ version: '2.0' }, { version: '1.0', resource: '/buy' }])
})

test('a route that is not for anyone needs a token', async () => {
  const { ask, invoked } = roomsFor(anonymous)
  expect(await ask()).toMatchObject({ status: 401, code: 'token.missing' })
  expect(invoked).toEqual([])
  expect(await ask({ destination: destination(true) })).toMatchObject({ status: 200 })
})

test('a token that is shown must be good, also where none is needed', async () => {
  const expired = { ...anonymous, refused: { code: 'token.expired', message: 'It expired.' } }
  const { ask, invoked } = roomsFor(expired)
  expect(await ask({ destination: destination(true) })).toMatchObject({ status: 401, code: 'token.expired' })
  expect(invoked).toEqual([])
})

test('what the reader found wrong, and what no route is written for, reaches no function', async () => {
  const { ask, invoked } = roomsFor(alice)
  const fault = { code: 'request.path', layer: 'door', message: 'dots' } as const
  expect(await ask({ fault })).toMatchObject({ code: 'request.path' })
  const { destination: _, ...nowhere } = request
  expect(await ask({}, nowhere)).toMatchObject({ code: 'route.unlisted' })
  expect(invoked).toEqual([])
})

test('a limit counts each person by themselves, and then refuses', async () => {
  const { ask, invoked } = roomsFor(alice)
  for (const expected of ['none', 'none', 'gateway.rate_limited']) expect((await ask()).code).toBe(expected)
  expect(invoked).toHaveLength(2)
})

test('a body that its schema refuses reaches no function', async () => {
  const reason = { code: 'request.schema', layer: 'door', message: 'no amount' } as const
  const { ask, invoked } = roomsFor(alice, { bodyCheck: () => () => reason })
  expect(await ask()).toMatchObject({ code: 'request.schema' })
  expect(invoked).toEqual([])
})

test('a grant that ended before the function is called, calls none', async () => {
  const { ask, invoked } = roomsFor(alice, { isCurrent: () => false })
  expect(await ask()).toMatchObject({ status: 401, code: 'grant.ended' })
  expect(invoked).toEqual([])
})

test('a grant that ended while the function ran, gives out no answer', async () => {
  let current = true
  const { ask } = roomsFor(alice, {
    isCurrent: () => current,
    invoke: async () => {
      current = false
      return { kind: 'response', body: Buffer.from('{"statusCode":200,"body":"bought"}') }
    },
  })
  expect(await ask()).toMatchObject({ status: 401, code: 'grant.ended' })
})

test('a grant that ends while the function runs is answered at once, not when the function is done', async () => {
  let end = (): void => undefined
  const never = new Promise<never>(() => undefined)
  const { ask } = roomsFor(alice, {
    whenEnded: (_, ended) => {
      end = ended
      return () => undefined
    },
    invoke: () => {
      queueMicrotask(() => end())
      return never
    },
  })
  expect(await ask()).toMatchObject({ status: 401, code: 'grant.ended' })
})

test('whoever speaks DPoP learns the next nonce, whatever the answer is; nobody else does', async () => {
  const proved = { credentials: ['DPoP x'], proofs: ['a.b.c'] }
  const { ask, nonces } = roomsFor(alice)
  await ask()
  await ask(proved)
  const refused = roomsFor({ ...anonymous, refused: { code: 'dpop.nonce_required', message: 'Use the nonce.' } })
  expect(await refused.ask(proved)).toMatchObject({ status: 401, code: 'dpop.nonce_required' })
  expect([...nonces, ...refused.nonces]).toEqual([undefined, 'n1', 'n1'])
})

test('the identity room is handed the proof, the address and the certificate with the token', async () => {
  const seen: unknown[] = []
  const { ask } = roomsFor(alice, {
    identify: async (evidence) => {
      seen.push(evidence)
      return alice
    },
  })
  await ask({ proofs: ['a.b.c'], certificateThumbprint: 'x' })
  const target = { method: 'POST', url: 'https://localhost/buy' }
  expect(seen).toEqual([{ credentials: ['Bearer x'], proofs: ['a.b.c'], target, certificateThumbprint: 'x' }])
})

test('boxes are kept apart by person, session, second factor and device', () => {
  const authentication = { methods: [], mfa: true, authenticatedAtSeconds: 0, expiresAtSeconds: 0 }
  const device = { id: 'laptop', managed: true, type: 'laptop' }
  const others: readonly Subject[] = [
    { ...alice, id: 'arn:sallyport:identity:test::user/bob' },
    { ...alice, sessionId: 's2' },
    { ...alice, authentication },
    { ...alice, device },
  ]
  const all = [alice, ...others].map(affinityOf)
  expect(new Set(all).size).toBe(all.length)
  expect(affinityOf({ ...alice })).toBe(affinityOf(alice))
})

describe('a client certificate that proves a service', () => {
  const service: Subject = {
    ...alice,
    id: 'arn:sallyport:identity:test::user/service:reports',
    name: 'service:reports',
  }
  const certificates = [new Uint8Array([1])]
  const byCertificate = { identifyService: () => service }

  test('says who asks, where no token does', async () => {
    const { ask, invoked } = roomsFor(anonymous, byCertificate)
    expect(await ask({ credentials: [], certificates })).toMatchObject({ status: 200 })
    expect(invoked.map(({ user }) => user?.name)).toEqual(['service:reports'])
  })

  test('says nothing beside a token or a proof, for which it is no more than what they are bound to', async () => {
    for (const shown of [{ credentials: ['Bearer x'] }, { credentials: [], proofs: ['p'] }]) {
      const { ask, invoked } = roomsFor(alice, byCertificate)
      await ask({ certificates, ...shown })
      expect(invoked.map(({ user }) => user?.name)).toEqual(['alice'])
    }
  })

  test('says nothing where it proves nobody, and is refused with its own code where it lies', async () => {
    const nobody = { ...anonymous, refused: { code: 'token.missing', message: 'm' } }
    const unknown = roomsFor(nobody, { identifyService: () => undefined })
    expect(await unknown.ask({ credentials: [], certificates })).toEqual({ status: 401, code: 'token.missing' })
    const over = { ...anonymous, refused: { code: 'svid.expired', message: 'm' } }
    const lying = roomsFor(nobody, { identifyService: () => over })
    expect(await lying.ask({ credentials: [], certificates })).toEqual({ status: 401, code: 'svid.expired' })
    const anyone = await lying.ask({ credentials: [], certificates, destination: destination(true) })
    expect(anyone, 'on a route for anyone too').toEqual({ status: 401, code: 'svid.expired' })
  })
})
