import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Upstream } from '@sallyport/manifest'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

import { createAdapterFactory } from '../protocol/adapter.ts'
import { createMemoryStore } from './memory-store.ts'

/** An upstream that is oidc-provider itself, and a browser for it. Tests only. */
export interface RealUpstream {
  readonly declared: Upstream
  /** Follows an authorization address, signs in as `subject`, and gives the address that leads back. */
  signIn(address: string, subject: string): Promise<string>
  close(): Promise<void>
}

/** Starts one on a free port; it sends people back to `redirectUri` and nowhere else, and demands PKCE. */
export async function startRealUpstream(name: string, redirectUri: string): Promise<RealUpstream> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
  const store = createMemoryStore(nowSeconds)
  const provider: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'checkout',
        client_secret: `the value of ${name}-secret`,
        redirect_uris: [redirectUri],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['of this test'] },
    adapter: createAdapterFactory({
      store,
      nowSeconds,
      grantEnded: async () => undefined,
      findClient: () => undefined,
    }),
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: () => '/sign-in' },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    async loadExistingGrant({ oidc: { client, session } }) {
      if (client === undefined || session?.accountId === undefined) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  })
  provider.silent = true
  const answer = provider.callback()
  let accountId = ''
  server.on('request', (request, response) => {
    if (request.url !== '/sign-in') return void answer(request, response)
    void provider.interactionFinished(request, response, { login: { accountId } })
  })
  return {
    declared: {
      name,
      issuer,
      client: 'checkout',
      secret: `${name}-secret`,
      scopes: ['openid', 'profile'],
      mfa: { amr: [], acr: [] },
    },
    async signIn(address, subject) {
      accountId = subject
      const cookies = new Map<string, string>()
      let at = new URL(address)
      for (let hops = 0; hops < 8 && at.origin === issuer; hops++) {
        const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
        const { headers } = await fetch(at, { redirect: 'manual', headers: { cookie } })
        for (const line of headers.getSetCookie()) {
          const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          cookies.set(key, value)
        }
        at = new URL(headers.get('location') ?? '', issuer)
      }
      return at.href
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
