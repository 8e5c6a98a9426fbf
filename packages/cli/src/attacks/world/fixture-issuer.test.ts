import { createVerifier, type JwksDocument } from '@sallyport/core/identity'
import { expect, test } from 'vitest'

import { fixtureIssuerUrl, makeFixtureIssuer, tampered, unsigned } from './fixture-issuer.ts'

const fixture = makeFixtureIssuer(Date.now)
const verifier = createVerifier({
  issuers: [
    {
      kind: 'cognito',
      name: 'fixture',
      issuer: fixtureIssuerUrl,
      keys: JSON.parse(fixture.jwks) as JwksDocument,
      clients: ['hostile-client'],
      groups: {},
    },
  ],
  nowSeconds: () => Math.floor(Date.now() / 1000),
  skewSeconds: 60,
})
const verdict = async (token: string): Promise<string> => {
  const answer = await verifier.verify(token)
  return answer.kind === 'refused' ? answer.code : answer.kind
}

test('makes a token that is accepted, so that the others are refused for what is wrong with them', async () => {
  const now = Math.floor(Date.now() / 1000)
  const genuine = fixture.token()
  expect(await verdict(genuine)).toBe('verified')
  expect(await verdict(unsigned(genuine))).toBe('token.algorithm')
  expect(await verdict(tampered(genuine, { claims: { 'cognito:groups': ['admin'] } }))).toBe('token.signature')
  expect(await verdict(fixture.confusedToken())).toBe('token.algorithm')
  expect(await verdict(fixture.token({ claims: { client_id: 'another-shop' } }))).toBe('token.wrong_client')
  expect(await verdict(fixture.token({ claims: { exp: now - 600, iat: now - 4200, auth_time: now - 4200 } }))).toBe(
    'token.expired',
  )
  expect(await verdict(fixture.token({ claims: { token_use: 'id', aud: 'hostile-client' } }))).toMatch(
    /^token\.(type|claims)$/,
  )
  expect(await verdict(fixture.token({ claims: { iss: `${fixtureIssuerUrl}x` } }))).toBe('token.wrong_issuer')
})
