import { beforeEach, describe, expect, test } from 'vitest'

import type { IngressRequest } from '../../gateway/index.ts'
import { type Answer, type ExchangeHarness, nameOf, openExchange, shown } from '../testing/harness.ts'
import { exchangeWords } from './form.ts'

let harness: ExchangeHarness
beforeEach(async () => {
  harness = await openExchange()
})

const grant = { grant_type: exchangeWords.exchange, subject_token_type: exchangeWords.jwt }
const target = { method: 'GET', url: 'https://localhost:8443/reports' }
const reports = 'arn:sallyport:identity:checkout::user/service:reports'

const codeOf = ({ body, status }: Answer): unknown => (status === 200 ? 'given' : body['code'])
const tokenOf = ({ body }: Answer): string => String(body['access_token'])

/** One exchange with a proof of its own. */
async function withProof(
  form: Readonly<Record<string, string>>,
  request: Partial<IngressRequest> = {},
): Promise<Answer> {
  return harness.ask(form, { proofs: [await harness.proof()], ...request })
}

/** Who may do something with the token, under the key that it is bound to. */
async function used(token: string): Promise<string> {
  const proof = await harness.client.proof({ ...target, accessToken: token, now: harness.clock.now / 1_000 })
  return nameOf(await harness.authenticate({ credentials: [`DPoP ${token}`], proofs: [proof], target }))
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** ECDSA on P-256: with (r, s) holds (r, n - s), for the same text (SEC 1 §4.1.4). */
function otherSpelling(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  const s = order - BigInt(`0x${signature.toString('hex', 32)}`)
  signature.write(s.toString(16).padStart(64, '0'), 32, 'hex')
  return `${token.slice(0, at)}${signature.toString('base64url')}`
}

describe('nothing is given', () => {
  const cases: readonly [what: string, code: string, ask: () => Promise<Answer>][] = [
    [
      'without a key to bind it to',
      'exchange.unbound',
      async () => harness.ask({ ...grant, subject_token: await harness.jwtSvid() }),
    ],
    [
      'for a proof that was made for another address',
      'dpop.url',
      async () =>
        harness.ask(
          { ...grant, subject_token: await harness.jwtSvid() },
          { proofs: [await harness.proof({ htu: 'https://localhost:8443/reports' })] },
        ),
    ],
    [
      'for a certificate that nobody showed',
      'exchange.certificate',
      () => withProof({ grant_type: 'client_credentials' }),
    ],
    [
      'for a certificate that is no SVID',
      'exchange.certificate',
      async () => withProof({ grant_type: 'client_credentials' }, { certificates: [new Uint8Array(10)] }),
    ],
    [
      'for an SVID of a service that is not written down',
      'service.unlisted',
      async () =>
        harness.ask(
          { grant_type: 'client_credentials' },
          shown(await harness.svidOf('spiffe://partner.example/other')),
        ),
    ],
    [
      'for a JWT-SVID of a service that is not written down',
      'service.unlisted',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ sub: 'spiffe://partner.example/x' }) }),
    ],
    [
      'for a JWT-SVID of a domain that does not count',
      'svid.trust_domain',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ sub: 'spiffe://bank/a' }) }),
    ],
    [
      'for a JWT-SVID by which a partner would be one of ours',
      'svid.unknown_key',
      async () =>
        withProof({
          ...grant,
          subject_token: await harness.jwtSvid({ sub: 'spiffe://checkout/zone/internal/function/nightly' }),
        }),
    ],
    [
      'for a JWT-SVID that names the domain only',
      'svid.id_malformed',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ sub: 'spiffe://partner.example' }) }),
    ],
    [
      'for a JWT-SVID for somebody else',
      'svid.audience',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ aud: ['urn:other'] }) }),
    ],
    [
      'for a JWT-SVID that is over',
      'svid.expired',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ exp: harness.clock.now / 1_000 }) }),
    ],
    [
      'for a JWT-SVID without an end',
      'svid.malformed',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({ exp: undefined }) }),
    ],
    [
      'for a JWT-SVID of tomorrow',
      'svid.not_yet_valid',
      async () =>
        withProof({ ...grant, subject_token: await harness.jwtSvid({ nbf: harness.clock.now / 1_000 + 120 }) }),
    ],
    [
      'for a token of another kind with an id in it',
      'svid.malformed',
      async () => withProof({ ...grant, subject_token: await harness.jwtSvid({}, { typ: 'at+jwt' }) }),
    ],
    [
      'for a JWT-SVID whose signature is another one',
      'svid.signature',
      async () => {
        const [one, other] = [await harness.jwtSvid(), await harness.jwtSvid({ iat: 1 })]
        const forged = [...one.split('.').slice(0, 2), other.split('.')[2]].join('.')
        return withProof({ ...grant, subject_token: forged })
      },
    ],
    [
      'for a token that is over',
      'token.expired',
      async () =>
        withProof({ ...grant, subject_token: await harness.token({ exp: harness.clock.now / 1_000 - 61, iat: 1 }) }),
    ],
    [
      'for a token that is bound to another key',
      'exchange.other_key',
      async () => withProof({ ...grant, subject_token: await harness.token({ cnf: { jkt: 'A'.repeat(43) } }) }),
    ],
    ['for garbage', 'token.malformed', () => withProof({ ...grant, subject_token: 'garbage' })],
    [
      'beside a token in a header',
      'exchange.form',
      () => withProof({ ...grant, subject_token: 'a' }, { credentials: ['x'] }),
    ],
    ['for another audience', 'exchange.audience', () => withProof({ ...grant, subject_token: 'a', audience: 'urn:x' })],
    [
      'for another resource',
      'exchange.audience',
      () => withProof({ ...grant, subject_token: 'a', resource: 'https://x' }),
    ],
    ['for somebody who acts', 'exchange.actor', () => withProof({ ...grant, subject_token: 'a', actor_token: 'b' })],
    ['for another grant', 'exchange.grant_type', () => withProof({ grant_type: 'password' })],
    [
      'for a kind of token that is not known',
      'exchange.token_type',
      () => withProof({ ...grant, subject_token: 'a', subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    ],
    [
      'for an access token that is said to be an ID token',
      'exchange.token_type',
      async () =>
        withProof({ ...grant, subject_token: await harness.token(), subject_token_type: exchangeWords.idToken }),
    ],
    [
      'for a JWT-SVID that is said to be an access token',
      'token.wrong_issuer',
      async () =>
        withProof({ ...grant, subject_token: await harness.jwtSvid(), subject_token_type: exchangeWords.accessToken }),
    ],
    [
      'of another kind than access tokens',
      'exchange.token_type',
      () =>
        withProof({ ...grant, subject_token: 'a', requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    ],
    [
      'for a word that is not known',
      'exchange.form',
      () => withProof({ ...grant, subject_token: 'a', client_secret: 'x' }),
    ],
    ['for a parameter that stands twice', 'exchange.form', () => harness.ask('grant_type=a&grant_type=b')],
    [
      'for a body of another kind',
      'exchange.form',
      () => harness.ask('{}', { headers: new Map([['content-type', 'application/json']]) }),
    ],
    [
      'for a request with a fault',
      'request.path',
      () => withProof(grant, { fault: { code: 'request.path', layer: 'door', message: 'm' } }),
    ],
  ]
  for (const [what, code, ask] of cases) {
    test(what, async () => {
      const answer = await ask()
      expect(codeOf(answer)).toBe(code)
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ error: expect.any(String), id: expect.any(String) })
      expect(
        harness.decisions.map(({ effect }) => effect),
        'it is decided, and recorded',
      ).toEqual(['deny'])
    })
  }

  test('to anybody else for a token that its owner has exchanged', async () => {
    const token = await harness.jwtSvid()
    const thief = await openExchange()
    expect(codeOf(await withProof({ ...grant, subject_token: token }))).toBe('given')
    expect(codeOf(await withProof({ ...grant, subject_token: token })), 'again, under the same key').toBe('given')
    const stolen = await thief.client.proof(
      { method: 'POST', url: 'https://localhost:8443/.well-known/sallyport/token', accessToken: '', now: 0 },
      { ath: undefined, iat: harness.clock.now / 1_000 },
    )
    expect(codeOf(await harness.ask({ ...grant, subject_token: token }, { proofs: [stolen] }))).toBe(
      'exchange.other_key',
    )
    expect(codeOf(await harness.ask({ ...grant, subject_token: token }, shown(harness.svid)))).toBe(
      'exchange.other_key',
    )
  })

  test('to a thief who spells the signature of such a token in its other way', async () => {
    const asThief = async (token: string): Promise<unknown> =>
      codeOf(await harness.ask({ ...grant, subject_token: otherSpelling(token) }, shown(harness.svid)))
    const token = await harness.jwtSvid()
    expect(codeOf(await withProof({ ...grant, subject_token: token }))).toBe('given')
    expect(await asThief(token)).toBe('exchange.other_key')
    expect(await asThief(await harness.jwtSvid({ jti: 'control' })), 'the signature holds so spelled').toBe('given')
  })

  test('for a token that was exchanged once', async () => {
    const token = tokenOf(await withProof({ ...grant, subject_token: await harness.jwtSvid() }))
    expect(codeOf(await withProof({ ...grant, subject_token: token }))).toBe('exchange.own_token')
  })

  test('to a service that was revoked, and what it was given before ends too', async () => {
    const token = tokenOf(await withProof({ ...grant, subject_token: await harness.jwtSvid() }))
    expect(await used(token)).toBe(reports)
    harness.revoked.add('service:reports')
    expect(codeOf(await withProof({ ...grant, subject_token: await harness.jwtSvid() }))).toBe('token.revoked')
    expect(codeOf(await harness.ask({ grant_type: 'client_credentials' }, shown(harness.svid)))).toBe('token.revoked')
    expect(await used(token)).toBe('token.revoked')
  })

  test('under a grant that has ended by then', async () => {
    harness = await openExchange({ isCurrent: () => false })
    expect(codeOf(await withProof({ ...grant, subject_token: await harness.jwtSvid() }))).toBe('grant.ended')
  })

  test('that policy does not let be exchanged', async () => {
    const reason = { code: 'policy.implicit_deny', layer: 'resource', message: 'secret words' } as const
    harness = await openExchange({
      decide: (asked) => ({ effect: 'deny', id: 'd1', asked, explicit: false, layer: 'resource', reasons: [reason] }),
    })
    const answer = await withProof({ ...grant, subject_token: await harness.jwtSvid() })
    expect(answer.body).toMatchObject({ error: 'invalid_grant', code: 'policy.implicit_deny', id: 'd1' })
    expect(JSON.stringify(answer.body)).not.toContain('secret words')
  })
})
