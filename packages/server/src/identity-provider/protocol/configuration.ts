import { SallyportError } from '@sallyport/core/access'
import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'

import { type AdapterOptions, createAdapterFactory } from './adapter.ts'
import { checkClientAssertion } from './client-assertion.ts'
import { clientLookup, type ProviderClient } from './clients.ts'
import { deviceFlow } from './device-flow.ts'
import { deviceOfKey } from './device-proof.ts'
import { endSessionPath } from './end-session.ts'
import { pageHeaders } from '../pages/html.ts'
import type { ProviderKeys } from './keys.ts'
import { errorPage } from '../pages/pages.ts'
import type { SealedStore, UserStore } from '../ports.ts'
import { contextOf, contexts, recallFacts } from '../sign-in-facts.ts'
import type { VouchedBy } from '../sign-in/steps.ts'

/** The scope that every token has; beside it stand those that the manifest's routes and powers demand. */
export const resourceScope = 'call'

/** How long things live. A code is for one immediate exchange, a sign-in for the time a person needs. */
export const lifetimes: Readonly<
  Record<'accessTokenSeconds' | 'codeSeconds' | 'interactionSeconds' | 'deviceCodeSeconds' | 'refreshSeconds', number>
> = {
  accessTokenSeconds: 600,
  codeSeconds: 60,
  interactionSeconds: 600,
  deviceCodeSeconds: 600,
  /** A person signs in anew twice a day, however often the tokens were refreshed. */
  refreshSeconds: 12 * 3_600,
}

/** What the provider is told. */
export interface ProviderOptions extends Pick<AdapterOptions, 'grantEnded'> {
  readonly issuerUrl: string
  readonly app: string
  readonly audience: string
  readonly keys: ProviderKeys
  readonly store: SealedStore
  readonly users: UserStore
  readonly clients: () => readonly ProviderClient[]
  /** Further scopes that somebody may ask for: each narrows what the roles allow, so anybody may. */
  readonly scopes: () => readonly string[]
  readonly nowSeconds: () => number
  /** Whether an account at an upstream may still stand for a user. */
  readonly mayVouch: (by: VouchedBy, user: string) => boolean
}

/** Everything that is not needed is off. */
export function configure(options: ProviderOptions): Configuration {
  const { audience, keys, store, nowSeconds, grantEnded, clients } = options
  const cookie = { httpOnly: true, secure: true, sameSite: 'lax', signed: true, overwrite: true } as const
  const audienceServer = () =>
    ({
      scope: [resourceScope, ...options.scopes()].join(' '),
      audience,
      accessTokenFormat: 'jwt',
      accessTokenTTL: lifetimes.accessTokenSeconds,
      jwt: { sign: { alg: 'ES256' } },
    }) as const
  return {
    adapter: createAdapterFactory({ store, nowSeconds, grantEnded, findClient: clientLookup(clients) }),
    clients: [],
    jwks: { keys: keys.signing.map((jwk) => ({ ...jwk })) },
    cookies: { keys: [...keys.cookies], long: cookie, short: cookie },
    scopes: ['openid', 'offline_access'],
    // Said each time, so that it can be compared (RFC 9700 §4.1.3).
    allowOmittingSingleRegisteredRedirectUri: false,
    claims: { openid: ['sub', 'sid'], acr: null, auth_time: null, iss: null },
    acrValues: [contexts.single, contexts.multiple],
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'private_key_jwt'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      // ECDSA and Ed25519 only: no PKCS #1 v1.5, no secret that both sides hold (RFC 8725 §3.2).
      clientAuthSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA'],
      dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA'],
    },
    assertJwtClientAuthClaimsAndHeader: (_, claims) => checkClientAssertion(claims, options.issuerUrl, nowSeconds()),
    pkce: { required: () => true }, // S256 is the only method that the provider knows (RFC 9700 §2.1.1)
    clientBasedCORS: () => false,
    discovery: { end_session_endpoint: `${options.issuerUrl}${endSessionPath}` },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: Buffer.from(keys.dpopNonce, 'base64url') },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: { enabled: false }, // ours needs no script and ends the access tokens as well
      pushedAuthorizationRequests: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: deviceFlow(options),
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget('unknown resource')
          return audienceServer()
        },
      },
    },
    ttl: {
      AccessToken: lifetimes.accessTokenSeconds,
      ClientCredentials: lifetimes.accessTokenSeconds,
      AuthorizationCode: lifetimes.codeSeconds,
      DeviceCode: lifetimes.deviceCodeSeconds,
      IdToken: lifetimes.accessTokenSeconds,
      Interaction: lifetimes.interactionSeconds,
      Grant: lifetimes.refreshSeconds,
      RefreshToken: refreshLifetime,
      // Nobody is kept signed in (see `signInAnew`); what a person types for a device is remembered while they type.
      Session: (_, session) => (session.accountId === undefined ? lifetimes.deviceCodeSeconds : 1),
    },
    expiresWithSession: () => false,
    // Once used, a refresh token is dead; whoever brings it again ends the whole sign-in (RFC 9700 §4.14.2).
    rotateRefreshToken: () => true,
    issueRefreshToken: (_, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    interactions: { policy: signInAnew(), url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, name, token) => findAccount(options, name, token),
    extraTokenClaims: (_, token) => tokenClaims(options, token),
    renderError,
  }
}

/** Rotation hands the rest of the first one's life on, and no more. */
function refreshLifetime(ctx: KoaContextWithOIDC): number {
  return ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? lifetimes.refreshSeconds
}

/**
 * Every authorization asks the person anew. The client is public and its redirect goes to whatever listens on this
 * machine: with a kept session, any local program could get a token without anybody noticing (RFC 8252 §8.6).
 * That is also why no page asks for consent: the sign-in itself is the consent, to clients of the manifest's own.
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

interface Made {
  readonly kind?: string
  readonly accountId?: unknown
  readonly clientId?: unknown
  readonly grantId?: unknown
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt?: unknown
}

/**
 * Nobody who was disabled since, or unlinked from the account that vouched; the session goes into the ID token, so that
 * whoever holds it can end it.
 */
function findAccount(
  { users, store, mayVouch }: ProviderOptions,
  name: string,
  token: Made | undefined,
): { accountId: string; claims: () => { sub: string } } | undefined {
  const user = users.find(name)
  if (user === undefined || user.disabled === true) return undefined
  const facts = typeof token?.grantId === 'string' ? recallFacts(store, token.grantId) : undefined
  if (facts?.by !== undefined && !mayVouch(facts.by, name)) return undefined
  return {
    accountId: name,
    claims: () => ({ sub: name, ...(facts === undefined ? {} : { sid: facts.sessionId }) }),
  }
}

/** Roles are those of the moment; the rest is what the sign-in proved. Without facts no token is made. */
function tokenClaims({ store, users, clients }: ProviderOptions, token: Made): Record<string, unknown> {
  const { kind, accountId, grantId, clientId, jkt } = token
  if (kind === 'ClientCredentials') {
    const client = clients().find(({ name }) => name === clientId)
    // Its tokens carry its name as a person's do (RFC 9700 §4.15): the person who has it already stays the only one.
    if (client !== undefined && users.find(client.name) !== undefined) {
      throw new errors.UnauthorizedClient('a person has this name')
    }
    if (client !== undefined) return { roles: client.roles, amr: ['swk'] }
  }
  const user = typeof accountId === 'string' ? users.find(accountId) : undefined
  const facts = typeof grantId === 'string' ? recallFacts(store, grantId) : undefined
  if (kind !== 'AccessToken' || user === undefined || facts === undefined) {
    throw new SallyportError('identity_provider.facts', 'a token was asked for that no sign-in stands behind')
  }
  const device = facts.device ?? deviceOfKey(user, typeof jkt === 'string' ? jkt : undefined)
  return {
    roles: user.roles,
    amr: facts.methods,
    acr: contextOf(facts.methods),
    auth_time: facts.authenticatedAtSeconds,
    sid: facts.sessionId,
    ...(device === undefined ? {} : { device }),
  }
}

/** Errors that may not be redirected. OAuth's own code and text are public by RFC 6749; nothing else is shown. */
function renderError(
  ctx: KoaContextWithOIDC,
  out: { readonly error: string; readonly error_description?: unknown },
): void {
  const description = typeof out.error_description === 'string' ? out.error_description : out.error
  ctx.set(pageHeaders())
  ctx.body = errorPage('This cannot go on', out.error === 'server_error' ? 'Something failed here.' : description)
}
