import { createHash } from 'node:crypto'

import { createSeenOnce, createTicketVerifier, type TicketClaims } from '@sallyport/core/identity'
import { expect, test } from 'vitest'

import { openSts } from './sts.ts'

const body = new TextEncoder().encode('{"order":"o1"}')
const claimsAt = (issuedAtSeconds: number): TicketClaims => ({
  audience: 'arn:sallyport:function:shop:restricted:payments',
  codeDigest: 'c'.repeat(64),
  bodySha256: createHash('sha256').update(body).digest('hex'),
  actors: [],
  transaction: 't1',
  attempt: 'a1',
  decision: 'd1',
  issuedAtSeconds,
  expiresAtSeconds: issuedAtSeconds + 60,
})

test('a far side takes the ticket by what is published, before and after the keys were changed', async () => {
  const clock = { now: 1_700_000_000_000 }
  const kept = new Map<string, string>()
  const store = {
    get: (kind: string, id: string) => kept.get(`${kind}/${id}`),
    put: (kind: string, id: string, value: string) => void kept.set(`${kind}/${id}`, value),
  }
  const open = () =>
    openSts({
      app: 'shop',
      audience: 'urn:sallyport:shop',
      store,
      nowMs: () => clock.now,
      publish: () => undefined,
      onTrouble: (cause) => expect.fail(String(cause)),
    })
  const verdictOf = async (): Promise<string> => {
    const sts = await open()
    const answer = sts.document('/.well-known/sallyport/tickets')
    const { audience, codeDigest } = claimsAt(0)
    const tickets = createTicketVerifier({
      issuer: 'spiffe://shop',
      keys: JSON.parse(Buffer.from(answer?.body ?? []).toString()),
      audience,
      codeDigest,
      used: { shared: false, ...createSeenOnce(10) },
      nowSeconds: () => clock.now / 1_000,
    })
    const ticket = await sts.signTicket(claimsAt(clock.now / 1_000))
    sts.close()
    expect(answer?.headers).toContainEqual(['cache-control', 'public, max-age=300'])
    expect(Buffer.from(answer?.body ?? []).toString()).not.toContain('"d"')
    return (await tickets.verify(ticket, body)).kind
  }
  expect(await verdictOf()).toBe('accepted')
  const first = kept.get('sts-keys/ticket')
  clock.now += 31 * 24 * 3_600_000
  expect(await verdictOf(), 'while the next key stands ready').toBe('accepted')
  clock.now += 24 * 3_600_000
  expect(await verdictOf(), 'with the next key').toBe('accepted')
  expect(kept.get('sts-keys/ticket')).not.toBe(first)
})

test('nothing else is published', async () => {
  const sts = await openSts({
    app: 'shop',
    audience: 'urn:sallyport:shop',
    store: { get: () => undefined, put: () => undefined },
    nowMs: () => 0,
    publish: () => undefined,
    onTrouble: (cause) => expect.fail(String(cause)),
  })
  expect(sts.document('/.well-known/sallyport/')).toBeUndefined()
  expect(sts.document('__proto__')).toBeUndefined()
  sts.close()
})
