import * as oauth from 'oauth4webapi'
import { beforeEach, describe, expect, test } from 'vitest'

import type { IngressRequest } from '../../gateway/index.ts'
import {
  type Answer,
  audience,
  type ExchangeHarness,
  nameOf,
  openExchange,
  reportsId,
  shown,
  tokenUrl,
} from '../testing/harness.ts'
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

describe('what proves a workload becomes a token that is bound to its key', () => {
  test('a JWT-SVID of a trusted domain, for the service that bears its id', async () => {
    const answer = await withProof({ ...grant, subject_token: await harness.jwtSvid() })
    expect(answer.body).toMatchObject({
      token_type: 'DPoP',
      expires_in: 300,
      issued_token_type: exchangeWords.accessToken,
    })
    expect(await used(tokenOf(answer))).toBe(reports)
    const bearer = await harness.authenticate({ credentials: [`Bearer ${tokenOf(answer)}`], target })
    expect(nameOf(bearer)).toBe('token.sender_constrained')
    expect(harness.decisions.map(({ asked: [one] }) => [one.action, one.resource, one.subject.id])).toEqual([
      ['sallyport:ExchangeToken', 'arn:sallyport:route:checkout::sts/POST /.well-known/sallyport/token', reports],
    ])
  })

  test('an X.509-SVID in the handshake, bound to that certificate', async () => {
    const certificate = shown(harness.svid)
    const answer = await harness.ask({ grant_type: exchangeWords.certificate }, certificate)
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 300 })
    const credentials = [`Bearer ${tokenOf(answer)}`]
    const { certificateThumbprint = '' } = certificate
    expect(nameOf(await harness.authenticate({ credentials, target, certificateThumbprint }))).toBe(reports)
    expect(nameOf(await harness.authenticate({ credentials, target }))).toBe('token.certificate_missing')
    const other = shown(await harness.svidOf(reportsId)).certificateThumbprint ?? ''
    expect(nameOf(await harness.authenticate({ credentials, target, certificateThumbprint: other }))).toBe(
      'token.certificate_mismatch',
    )
  })

  test("a function of the app's own, by either kind of SVID", async () => {
    const id = 'spiffe://checkout/zone/internal/function/nightly'
    const own = harness.sts.jwtSvid({ sub: id, aud: audience, jti: 'j', more: {} })
    expect(await used(tokenOf(await withProof({ ...grant, subject_token: own })))).toContain('service:nightly')
    const answer = await harness.ask({ grant_type: exchangeWords.certificate }, shown(await harness.sts.svidFor(id)))
    expect(codeOf(answer)).toBe('given')
  })

  test('a token by each name that RFC 8693 has for it', async () => {
    for (const type of ['access_token', 'jwt']) {
      const subject_token_type = `urn:ietf:params:oauth:token-type:${type}`
      const answer = await withProof({ ...grant, subject_token: await harness.token(), subject_token_type })
      expect([type, codeOf(answer)]).toEqual([type, 'given'])
    }
    const id = { subject_token: await harness.idToken(), subject_token_type: exchangeWords.idToken }
    expect(await used(tokenOf(await withProof({ ...grant, ...id })))).toContain('people:7')
  })

  test('a token of an issuer that the manifest names, with its roles, scopes and name, and never more', async () => {
    const token = await harness.token()
    const answer = await withProof({ ...grant, subject_token: token, scope: 'read' })
    expect(answer.body).toMatchObject({ scope: 'read' })
    const proof = await harness.client.proof({
      ...target,
      accessToken: tokenOf(answer),
      now: harness.clock.now / 1_000,
    })
    const evidence = { credentials: [`DPoP ${tokenOf(answer)}`], proofs: [proof], target }
    expect(await harness.authenticate(evidence)).toMatchObject({
      id: 'arn:sallyport:identity:checkout::user/deploys:build-7',
      roles: ['deployer'],
      credential: { issuerName: 'deploys', clientId: 'ci', scopes: ['read'], binding: 'dpop' },
    })
    expect(codeOf(await withProof({ ...grant, subject_token: await harness.token(), scope: 'read admin' }))).toBe(
      'exchange.scope',
    )
  })

  test('and lives no longer than what it was taken for', async () => {
    const seconds = harness.clock.now / 1_000
    const answer = await withProof({ ...grant, subject_token: await harness.jwtSvid({ exp: seconds + 40 }) })
    expect(answer.body).toMatchObject({ expires_in: 40 })
  })
})

describe('oauth4webapi', () => {
  const server: oauth.AuthorizationServer = { issuer: 'https://localhost:8443', token_endpoint: tokenUrl }
  const client: oauth.Client = { client_id: 'reports' }
  const sent = (certificate: Partial<IngressRequest> = {}): oauth.TokenEndpointRequestOptions => ({
    [oauth.customFetch]: async (_, { headers, body }) => {
      const proofs = Object.entries(headers).flatMap(([name, value]) => (name.toLowerCase() === 'dpop' ? [value] : []))
      const answer = await harness.ask(String(body), { proofs, ...certificate })
      const fields = answer.headers.map(([name, value]): [string, string] => [name, value])
      return new Response(JSON.stringify(answer.body), { status: answer.status, headers: fields })
    },
  })

  test('exchanges a token for one that is bound to its key', async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const parameters = { subject_token: await harness.token(), subject_token_type: exchangeWords.jwt }
    const asked = [server, client, oauth.None(), exchangeWords.exchange, parameters, { ...sent(), DPoP }] as const
    const answer = await oauth.processGenericTokenEndpointResponse(
      server,
      client,
      await oauth.genericTokenEndpointRequest(...asked),
    )
    expect([answer.token_type, answer.expires_in]).toEqual(['dpop', 300])
  })

  test('takes a token by the certificate of the handshake (RFC 8705 §2.1)', async () => {
    const asked = [server, client, oauth.TlsClientAuth(), {}, sent(shown(harness.svid))] as const
    const response = await oauth.clientCredentialsGrantRequest(...asked)
    const answer = await oauth.processClientCredentialsResponse(server, client, response)
    expect(await harness.authenticate({ credentials: [`Bearer ${answer.access_token}`], target })).toMatchObject({
      refused: { code: 'token.certificate_missing' },
    })
  })
})

test('clients of DPoP are told the nonce to use next, given or not', async () => {
  const nonces = async (answer: Answer): Promise<unknown> =>
    answer.headers.filter(([name]) => name === 'dpop-nonce').map(([, value]) => value)
  expect(await nonces(await withProof({ ...grant, subject_token: await harness.jwtSvid() }))).toEqual(['n1'])
  expect(await nonces(await withProof({ ...grant, subject_token: 'a' }))).toEqual(['n1'])
  expect(await nonces(await harness.ask({ grant_type: 'client_credentials' }, shown(harness.svid)))).toEqual([])
})
