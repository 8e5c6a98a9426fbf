import { SallyportError } from '@sallyport/core/access'
import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'

import { createAdapterFactory } from './adapter.ts'
import type { ProviderKeys } from './keys.ts'
import { errorPage, pageHeaders } from './pages.ts'
import type { SealedStore, UserStore } from './ports.ts'
import { contextOf, contexts, recallFacts } from './sign-in-facts.ts'

/** The one client: our own command line, public, on this machine (RFC 8252). Any loopback port will do (§7.3). */
export const client = { id: 'sallyport-cli', redirectUri: 'http://127.0.0.1/callback' } as const

/** The one scope of the gateway; what a token may do is the policy's business, not the scope's. */
export const resourceScope = 'call'

/** How long things live. A code is for one immediate exchange, a sign-in for the time a person needs. */
export const lifetimes = { accessTokenSeconds: 600, codeSeconds: 60, interactionSeconds: 600 } as const

/** What the provider is told: everything that is not needed is off. */
export function configure(options: {
  readonly audience: string
  readonly keys: ProviderKeys
  readonly store: SealedStore
  readonly users: UserStore
  readonly nowSeconds: () => number
}): Configuration {
  const { audience, keys, store, users, nowSeconds } = options
  const cookie = { httpOnly: true, secure: true, sameSite: 'lax', signed: true, overwrite: true } as const
  return {
    adapter: createAdapterFactory(store, nowSeconds),
    clients: [
      {
        client_id: client.id,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [client.redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: keys.signing.map((jwk) => ({ ...jwk })) },
    cookies: { keys: [...keys.cookies], long: cookie, short: cookie },
    scopes: ['openid'],
    acrValues: [contexts.single, contexts.multiple],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true }, // S256 is the only method that the provider knows (RFC 9700 §2.1.1)
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget('unknown resource')
          return {
            scope: resourceScope,
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: lifetimes.accessTokenSeconds,
            jwt: { sign: { alg: 'ES256' } },
          }
        },
      },
    },
    ttl: {
      AccessToken: lifetimes.accessTokenSeconds,
      AuthorizationCode: lifetimes.codeSeconds,
      IdToken: lifetimes.accessTokenSeconds,
      Interaction: lifetimes.interactionSeconds,
      Grant: lifetimes.accessTokenSeconds,
      Session: 1, // nobody is kept signed in: see `signInAnew`
    },
    expiresWithSession: () => false,
    issueRefreshToken: () => false,
    interactions: { policy: signInAnew(), url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, name) =>
      users.find(name) === undefined ? undefined : { accountId: name, claims: () => ({ sub: name }) },
    extraTokenClaims: (_, token) => tokenClaims(store, users, token),
    renderError,
  }
}

/**
 * Every authorization asks the person anew. The client is public and its redirect goes to whatever listens on this
 * machine: with a kept session, any local program could get a token without anybody noticing (RFC 8252 §8.6).
 * That is also why no page asks for consent: the sign-in itself is the consent to our own client.
 */
function signInAnew(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.remove('native_client_prompt')
  const { Check } = interactionPolicy
  const why = 'every authorization needs a sign-in'
  policy.get('login')?.checks.add(new Check('sign_in_anew', why, 'login_required', isUnproved))
  return policy
}

function isUnproved(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.result?.login === undefined
}

/** Roles are those of the moment; the rest is what the sign-in proved. Without facts no token is made. */
function tokenClaims(
  store: SealedStore,
  users: UserStore,
  token: { readonly kind: string; readonly accountId?: unknown; readonly grantId?: unknown },
): Record<string, unknown> {
  const { accountId, grantId } = token
  const user = typeof accountId === 'string' ? users.find(accountId) : undefined
  const facts = typeof grantId === 'string' ? recallFacts(store, grantId) : undefined
  if (token.kind !== 'AccessToken' || user === undefined || facts === undefined) {
    throw new SallyportError('identity_provider.facts', 'a token was asked for that no sign-in stands behind')
  }
  return {
    roles: user.roles,
    amr: facts.methods,
    acr: contextOf(facts.methods),
    auth_time: facts.authenticatedAtSeconds,
    sid: facts.sessionId,
    ...(facts.device === undefined ? {} : { device: facts.device }),
  }
}

/** Errors that may not be redirected. OAuth's own code and text are public by RFC 6749; nothing else is shown. */
function renderError(
  ctx: KoaContextWithOIDC,
  out: { readonly error: string; readonly error_description?: unknown },
): void {
  const description = typeof out.error_description === 'string' ? out.error_description : out.error
  ctx.set(pageHeaders)
  ctx.body = errorPage('This cannot go on', out.error === 'server_error' ? 'Something failed here.' : description)
}
