import { exportJWK, generateKeyPair, type JWK } from 'jose'
import * as client from 'openid-client'

import type { ProviderClient } from '../protocol/clients.ts'
import { fetchTrusting } from './fetch.ts'
import { startTestProvider, type TestProvider } from './index.ts'
import { openVisit } from './visitor.ts'

/** How somebody signs in through openid-client. */
export interface SignInBy {
  readonly user?: string
  readonly redirect?: string
  readonly parameters?: Record<string, string>
  readonly DPoP?: client.DPoPHandle
}

/** A provider with programs that prove themselves by a key, and openid-client for each. Tests only. */
export interface Programs {
  readonly provider: TestProvider
  readonly trusting: typeof fetch
  readonly key: client.CryptoKey
  /** openid-client, configured for one program by discovery. */
  discover(name: string, auth?: client.ClientAuth): Promise<client.Configuration>
  byKey(): client.ClientAuth
  /** The whole code flow, with a person who fills in the forms. */
  signIn(by: client.Configuration, options?: SignInBy): ReturnType<typeof client.authorizationCodeGrant>
}

/** The programs `reports`, `bound` (its tokens are bound to a key) and `shop` (people sign in there). */
export async function startPrograms(): Promise<Programs> {
  const pair = await generateKeyPair('ES256')
  const keys: readonly JWK[] = [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }]
  const shared = { roles: [], redirects: [], logoutRedirects: [], dpop: false, keys }
  const clients: readonly ProviderClient[] = [
    { ...shared, name: 'reports', roles: ['reporter'] },
    { ...shared, name: 'bound', roles: ['reporter'], dpop: true },
    {
      ...shared,
      name: 'shop',
      redirects: ['https://shop.example/callback'],
      logoutRedirects: ['https://shop.example/bye'],
    },
  ]
  const provider = await startTestProvider({ name: 'localhost', clients: () => clients })
  const trusting = fetchTrusting(provider.caPem)
  return {
    provider,
    trusting,
    key: pair.privateKey,
    byKey: () => client.PrivateKeyJwt({ key: pair.privateKey, kid: 'k1' }),
    discover: (name, auth) =>
      client.discovery(new URL(provider.issuerUrl), name, undefined, auth ?? client.None(), {
        [client.customFetch]: (address, { body, ...options }) =>
          trusting(address, body === undefined ? options : { ...options, body }),
      }),
    signIn: async (by, options = {}) => {
      const { user = 'alice', redirect = 'http://127.0.0.1/callback', parameters = {}, DPoP } = options
      const pkceCodeVerifier = client.randomPKCECodeVerifier()
      const expectedState = client.randomState()
      const asked = {
        redirect_uri: redirect,
        scope: 'openid offline_access call',
        prompt: 'consent',
        state: expectedState,
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        ...parameters,
      }
      const address =
        by.clientMetadata().client_id === 'shop'
          ? await client.buildAuthorizationUrlWithPAR(by, asked)
          : client.buildAuthorizationUrl(by, asked)
      const callback = await openVisit(provider).authorize(address.href, user)
      const checks = { pkceCodeVerifier, expectedState }
      return client.authorizationCodeGrant(by, new URL(callback), checks, {}, DPoP === undefined ? {} : { DPoP })
    },
  }
}

/** The OAuth error of an attempt, or `accepted`. */
export async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error && 'error' in error ? error.error : String(error)),
  )
}
