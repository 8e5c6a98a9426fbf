import { createHash } from 'node:crypto'

import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { createSeenOnce } from '../seen-once.ts'
import { createTicketVerifier, signTicket, type TicketSigner, type TicketVerifierOptions } from './signed-ticket.ts'
import type { TicketClaims } from './ticket.ts'

const now = 1_700_000_000
const body = new TextEncoder().encode('{"order":"o1"}')
const claims: TicketClaims = {
  audience: 'arn:sallyport:function:shop:restricted:payments',
  codeDigest: 'c'.repeat(64),
  bodySha256: createHash('sha256').update(body).digest('hex'),
  actors: ['arn:sallyport:function:shop:public:storefront'],
  transaction: 't1',
  attempt: 'a1',
  decision: 'd1',
  user: 'arn:sallyport:identity:shop::user/alice',
  issuedAtSeconds: now,
  expiresAtSeconds: now + 60,
}
let signer: TicketSigner
let publicJwk: JWK

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  publicJwk = { ...(await exportJWK(publicKey)), kid: 'n1', alg: 'EdDSA' }
  signer = { issuer: 'https://node.example', keyId: 'n1', privateKey }
})

function verifierWith(changes: Partial<TicketVerifierOptions> = {}): ReturnType<typeof createTicketVerifier> {
  return createTicketVerifier({
    issuer: 'https://node.example',
    keys: { keys: [publicJwk] },
    audience: claims.audience,
    codeDigest: claims.codeDigest,
    used: { shared: true, ...createSeenOnce(10) },
    nowSeconds: () => now + 1,
    ...changes,
  })
}

async function codeOf(
  ticket: string | undefined,
  changes: Partial<TicketVerifierOptions> = {},
  bytes = body,
): Promise<string> {
  const verdict = await verifierWith(changes).verify(ticket, bytes)
  return verdict.kind === 'refused' ? verdict.code : 'accepted'
}

describe('a signed ticket', () => {
  test('is accepted once, with everything that it says', async () => {
    const verifier = verifierWith()
    const ticket = await signTicket(signer, claims)
    expect(await verifier.verify(ticket, body)).toEqual({ kind: 'accepted', claims })
    expect(await verifier.verify(ticket, body)).toEqual({ kind: 'refused', code: 'ticket.replayed' })
  })

  test('must be there', async () => {
    expect(await codeOf(undefined)).toBe('ticket.missing')
  })

  test.each<[string, Partial<TicketVerifierOptions>, string]>([
    ['of another node', { issuer: 'https://other.example' }, 'ticket.issuer'],
    ['of a key that is gone', { keys: { keys: [] } }, 'ticket.issuer'],
    ['for another function', { audience: `${claims.audience}2` }, 'ticket.audience'],
    ['for other code', { codeDigest: 'd'.repeat(64) }, 'ticket.code'],
    ['that is over', { nowSeconds: () => now + 60 }, 'ticket.expired'],
    ['from the future', { nowSeconds: () => now - 6 }, 'ticket.not_yet_valid'],
    ['whose keys cannot be had', { keys: () => Promise.reject(new Error('away')) }, 'ticket.keys_unavailable'],
    ['whose memory is full', { used: { shared: true, use: () => 'full' } }, 'ticket.replay_memory_full'],
    [
      'whose memory cannot be asked',
      { used: { shared: true, use: () => Promise.reject(new Error('away')) } },
      'ticket.replay_memory_full',
    ],
    ['whose memory lies elsewhere', { used: { shared: true, use: async () => 'first' as const } }, 'accepted'],
  ])('%s', async (_, changes, code) => {
    expect(await codeOf(await signTicket(signer, claims), changes)).toBe(code)
  })

  test('is for one body', async () => {
    const other = new TextEncoder().encode('{"order":"o2"}')
    expect(await codeOf(await signTicket(signer, claims), {}, other)).toBe('ticket.body')
  })

  test('lives for a minute at most, neither signed nor accepted', async () => {
    await expect(signTicket(signer, { ...claims, expiresAtSeconds: now + 61 })).rejects.toMatchObject({
      code: 'identity.ticket',
    })
    expect(await codeOf(await handmade({ exp: now + 61 }))).toBe('ticket.malformed')
    expect(await codeOf(await handmade({}))).toBe('accepted')
  })

  test.each([
    [{ aud: [claims.audience] }],
    [{ jti: undefined }],
    [{ txn: '' }],
    [{ actors: 'a' }],
    [{ decision: undefined }],
    [{ sub: 1 }],
    [{ iat: undefined }],
  ])('rightly signed but with %j is refused', async (changes: object) => {
    expect(await codeOf(await handmade({ ...changes }))).toBe('ticket.malformed')
  })

  test('is no token of another kind, and has no other algorithm', async () => {
    expect(await codeOf(await handmade({}, { typ: 'at+jwt' }))).toBe('ticket.malformed')
    expect(await codeOf(await handmade({}, { typ: undefined }))).toBe('ticket.malformed')
    const [, payload, signature] = (await signTicket(signer, claims)).split('.')
    const header = Buffer.from('{"alg":"none","typ":"sallyport-ticket+jwt","kid":"n1"}').toString('base64url')
    expect(await codeOf(`${header}.${payload}.${signature}`)).toBe('ticket.signature')
  })

  test('with any changed byte is refused', async () => {
    const ticket = await signTicket(signer, claims)
    for (let at = 0; at < ticket.length; at += 11) {
      const changed = ticket.slice(0, at) + (ticket[at] === 'A' ? 'B' : 'A') + ticket.slice(at + 1)
      expect(await codeOf(changed), `byte ${at}`).not.toBe('accepted')
    }
  })

  test('is good once only where the memory is shared, and the verifier says so', () => {
    expect(verifierWith().oneUse).toBe('hard')
    expect(verifierWith({ used: { shared: false, ...createSeenOnce(10) } }).oneUse).toBe('cooperative')
  })
})

/** What another library makes of the same claims. */
function handmade(changes: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  const said = {
    iss: 'https://node.example',
    aud: claims.audience,
    jti: 'a1',
    iat: now,
    exp: now + 60,
    code_sha256: claims.codeDigest,
    body_sha256: claims.bodySha256,
    actors: [],
    txn: 't1',
    decision: 'd1',
    ...changes,
  }
  return new SignJWT(said)
    .setProtectedHeader({ alg: 'EdDSA', kid: 'n1', typ: 'sallyport-ticket+jwt', ...header })
    .sign(signer.privateKey)
}
