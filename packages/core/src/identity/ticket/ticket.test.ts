import { createHmac, randomBytes } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { createSeenOnce } from '../seen-once.ts'
import { mintTicket, type TicketClaims, type TicketExpectations, type TicketMac, verifyTicket } from './ticket.ts'

const now = 1_700_000_000
const key = randomBytes(32)
const macUnder =
  (secret: Uint8Array): TicketMac =>
  (text) =>
    createHmac('sha256', secret).update(text, 'latin1').digest()
const mac = macUnder(key)
const claims: TicketClaims = {
  audience: 'arn:sallyport:function:checkout:restricted:payments',
  codeDigest: 'c0de',
  bodySha256: 'b0d1',
  actors: ['arn:sallyport:function:app:public:storefront', 'arn:sallyport:function:app:internal:orders'],
  transaction: 't1',
  attempt: 'i1',
  decision: 'd1',
  user: 'arn:sallyport:identity:checkout::user/alice',
  issuedAtSeconds: now,
  expiresAtSeconds: now + 30,
}
const expected: TicketExpectations = {
  audience: claims.audience,
  codeDigest: 'c0de',
  bodySha256: 'b0d1',
  nowSeconds: now + 1,
}

function codeOf(ticket: string, changes: Partial<TicketExpectations> = {}, seen = createSeenOnce(10)): string {
  const verdict = verifyTicket(mac, ticket, { ...expected, ...changes }, seen)
  return verdict.kind === 'refused' ? verdict.code : 'accepted'
}

describe('a ticket', () => {
  test('is accepted once, with everything it says', () => {
    const seen = createSeenOnce(10)
    const ticket = mintTicket(mac, claims)
    expect(verifyTicket(mac, ticket, expected, seen)).toEqual({ kind: 'accepted', claims })
    expect(codeOf(ticket, {}, seen)).toBe('ticket.replayed')
    // The attempt is what is used up, not the spelling.
    expect(codeOf(mintTicket(mac, { ...claims, expiresAtSeconds: now + 31 }), {}, seen)).toBe('ticket.replayed')
    expect(codeOf(mintTicket(mac, { ...claims, attempt: 'i2' }), {}, seen)).toBe('accepted')
  })

  test.each<[Partial<TicketExpectations>, string]>([
    [{ audience: 'arn:sallyport:function:checkout:internal:orders' }, 'ticket.audience'],
    [{ codeDigest: 'other' }, 'ticket.code'],
    [{ bodySha256: 'other' }, 'ticket.body'],
    [{ nowSeconds: now + 30 }, 'ticket.expired'],
    [{ nowSeconds: now - 3 }, 'ticket.not_yet_valid'],
    [{ nowSeconds: now - 2 }, 'accepted'],
    [{ nowSeconds: now + 29 }, 'accepted'],
  ])('expected with %j is %s', (changes, code) => {
    expect(codeOf(mintTicket(mac, claims), changes)).toBe(code)
  })

  test('that is refused is not used up', () => {
    const seen = createSeenOnce(10)
    const ticket = mintTicket(mac, claims)
    expect(codeOf(ticket, { bodySha256: 'other' }, seen)).toBe('ticket.body')
    expect(codeOf(ticket, {}, seen)).toBe('accepted')
  })

  test('of another box’s key is refused', () => {
    const others = macUnder(randomBytes(32))
    expect(codeOf(mintTicket(others, claims))).toBe('ticket.mac')
  })

  test('with any changed letter is refused', () => {
    const ticket = mintTicket(mac, claims)
    for (let at = 0; at < ticket.length; at++) {
      const changed = ticket.slice(0, at) + (ticket[at] === 'A' ? 'B' : 'A') + ticket.slice(at + 1)
      expect(codeOf(changed), `letter ${at}`).toMatch(/^ticket\.(mac|malformed)$/)
    }
  })

  test.each(['', 'v1', 'v1..', 'v2.e30.AA', 'v1.e30.AA', 'v1.e30.AA.AA', 'v1.e30=.AA', `v1.${'A'.repeat(20_000)}.AA`])(
    'cannot be %j',
    (text) => {
      expect(codeOf(text)).toMatch(/^ticket\.(mac|malformed)$/)
    },
  )

  const signed = (body: object): string => {
    const text = `v1.${Buffer.from(JSON.stringify(body)).toString('base64url')}`
    return `${text}.${Buffer.from(mac(text)).toString('base64url')}`
  }
  const forms: readonly (readonly [string, (ticket: string) => string])[] = [
    ['of another version', (ticket) => ticket.replace('v1', 'v2')],
    ['with a fourth part', (ticket) => `${ticket}.more`],
    ['without its last part', (ticket) => ticket.slice(0, ticket.lastIndexOf('.'))],
    ['longer than any', () => signed({ ...claims, actors: Array.from({ length: 300 }, () => claims.audience) })],
  ]
  for (const [what, change] of forms) {
    test(`${what} is malformed, however well it is signed`, () => {
      expect(codeOf(signed({ ...claims }))).toBe('accepted')
      expect(codeOf(change(signed({ ...claims })))).toBe('ticket.malformed')
    })
  }

  test('that nobody could accept is not minted', () => {
    const chain = Array.from({ length: 300 }, () => claims.audience)
    expect(() => mintTicket(mac, { ...claims, actors: chain })).toThrow(
      expect.objectContaining({ code: 'identity.ticket' }),
    )
    expect(codeOf(mintTicket(mac, { ...claims, actors: chain.slice(0, 100) }))).toBe('accepted')
  })

  test('rightly signed but without a claim is refused', () => {
    for (const name of Object.keys(claims).filter((member) => member !== 'user')) {
      const body = Buffer.from(JSON.stringify({ ...claims, [name]: undefined })).toString('base64url')
      const tag = Buffer.from(mac(`v1.${body}`)).toString('base64url')
      expect(codeOf(`v1.${body}.${tag}`), name).toBe('ticket.malformed')
    }
  })

  test('rightly signed for a user who is none is refused', () => {
    for (const user of ['', 7, null]) expect(codeOf(signed({ ...claims, user })), String(user)).toBe('ticket.malformed')
  })

  test('says names of any alphabet, in ASCII', () => {
    const named = { ...claims, user: 'arn:sallyport:identity:checkout::user/Zoë 漢 \u{1f511}' }
    const ticket = mintTicket(mac, named)
    expect(Buffer.from(ticket.split('.')[1] ?? '', 'base64url').toString('latin1')).toMatch(/^[ -~]+$/)
    expect(verifyTicket(mac, ticket, expected, createSeenOnce(10))).toEqual({ kind: 'accepted', claims: named })
  })

  test('rightly signed but no JSON, or no object, is refused', () => {
    for (const text of ['nonsense', '1', 'null', '[]', '"v1"']) {
      const body = Buffer.from(text).toString('base64url')
      const tag = Buffer.from(mac(`v1.${body}`)).toString('base64url')
      expect(codeOf(`v1.${body}.${tag}`), text).toBe('ticket.malformed')
    }
    expect(codeOf(`v1.A.${Buffer.from(mac('v1.A')).toString('base64url')}`)).toBe('ticket.malformed')
  })

  test('cannot live for more than a minute, neither minted nor accepted', () => {
    expect(() => mintTicket(mac, { ...claims, expiresAtSeconds: now + 61 })).toThrow(
      expect.objectContaining({ code: 'identity.ticket' }),
    )
    expect(() => mintTicket(mac, { ...claims, expiresAtSeconds: Number.NaN })).toThrow()
    const body = Buffer.from(JSON.stringify({ ...claims, expiresAtSeconds: now + 61 })).toString('base64url')
    const tag = Buffer.from(mac(`v1.${body}`)).toString('base64url')
    expect(codeOf(`v1.${body}.${tag}`)).toBe('ticket.malformed')
  })
})

describe('the memory of used tickets', () => {
  test('that is full refuses a ticket which is good otherwise', () => {
    const seen = createSeenOnce(1)
    const codeWith = (attempt: string): string => {
      const verdict = verifyTicket(mac, mintTicket(mac, { ...claims, attempt }), expected, seen)
      return verdict.kind === 'refused' ? verdict.code : 'accepted'
    }
    expect(['one', 'two'].map(codeWith)).toEqual(['accepted', 'ticket.replay_memory_full'])
  })

  test('when full refuses rather than forget one that is still alive', () => {
    const seen = createSeenOnce(2)
    expect(seen.use('a', 10, 0)).toBe('first')
    expect(seen.use('b', 20, 0)).toBe('first')
    expect(seen.use('c', 20, 9)).toBe('full')
    expect(seen.use('a', 10, 9)).toBe('again')
    expect(seen.use('c', 20, 10)).toBe('first') // a has expired and made room
    expect(seen.use('b', 20, 19)).toBe('again')
  })
})
