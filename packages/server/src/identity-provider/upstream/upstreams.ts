import { SallyportError, type Secret } from '@sallyport/core/access'
import type { Upstream } from '@sallyport/manifest'
import * as oidc from 'openid-client'

import type { UpstreamAccount } from '../ports.ts'
import { isSubject } from './links.ts'
import type { Trip } from './trips.ts'

/**
 * Asks one address. Contract: https to public addresses alone, no redirect followed, an answer of bounded size, an end
 * when the signal aborts; rejects with a `SallyportError`.
 */
export type UpstreamFetch = (
  address: string,
  request: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | undefined
    readonly signal: AbortSignal
  },
) => Promise<Response>

/** What asking upstreams needs. */
export interface UpstreamOptions {
  /** Those of the manifest in force. */
  readonly declared: () => readonly Upstream[]
  readonly useSecret: (name: string) => Secret<string> | undefined
  readonly fetch: UpstreamFetch
}

/** What an upstream says of the person who came back from it. */
export interface Voucher extends UpstreamAccount {
  /** By the manifest's reading of `amr` and `acr`. */
  readonly hasTwoFactors: boolean
  /** `auth_time`; absent where the upstream does not say. */
  readonly authenticatedAtSeconds?: number
}

/** The providers outside at which people may sign in. */
export interface Upstreams {
  readonly names: () => readonly string[]
  /** The issuer of the one of this name; undefined when there is none. */
  readonly issuerOf: (name: string) => string | undefined
  /**
   * Where to send the person, who is to have signed in there within so long. Rejects with
   * `sign-in.upstream_unreachable` or `sign-in.upstream_answer`.
   */
  readonly begin: (
    name: string,
    maxAgeSeconds: number,
  ) => Promise<{ readonly address: string; readonly state: string; readonly trip: Omit<Trip, 'uid'> }>
  /**
   * Takes the answer: the code, once, for an ID token that is made for this client and this trip. What else comes with
   * it is dropped. Rejects as `begin` does, or with `sign-in.upstream_refused` when the upstream says no.
   */
  readonly complete: (trip: Trip, state: string, search: string) => Promise<Voucher>
}

/** Each request to an upstream ends after this. */
const timeoutSeconds = 10
/** How long its metadata and keys are believed; a key that is not among them is looked for earlier. */
const metadataSeconds = 600

/** The path to which an upstream sends people back: each has its own, so that no answer is taken for another's. */
export function callbackPath(name: string): string {
  return `/upstream/${name}/callback`
}

/** Opens the upstreams. `issuerUrl` is our own. */
export function openUpstreams(
  { declared, useSecret, fetch: fetchGuarded }: UpstreamOptions,
  { issuerUrl, nowSeconds }: { readonly issuerUrl: string; readonly nowSeconds: () => number },
): Upstreams {
  const known = new Map<string, { readonly configuration: Promise<oidc.Configuration>; readonly until: number }>()
  const find = (name: string): Upstream | undefined => declared().find((one) => one.name === name)
  const ask: oidc.CustomFetch = (address, { method, headers, body, signal }) => {
    if (body !== undefined && body !== null && !(body instanceof URLSearchParams)) throw new TypeError('not a form')
    const limit = signal ?? AbortSignal.timeout(timeoutSeconds * 1_000)
    return fetchGuarded(address, { method, headers, body: body?.toString(), signal: limit })
  }

  /** The secret is read when it is shown, so that another one counts at once. */
  function clientAuth(upstream: Upstream): oidc.ClientAuth {
    return (server, ...rest) => {
      const secret = useSecret(upstream.secret)
      if (secret === undefined) throw failure('sign-in.upstream_unreachable', `secret ${upstream.secret} is not set`)
      const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
      const show = methods.includes('client_secret_basic') ? oidc.ClientSecretBasic : oidc.ClientSecretPost
      show(secret.reveal())(server, ...rest)
    }
  }

  /** Many visitors at once ask the upstream once; what failed is not kept. */
  function configurationOf(upstream: Upstream): Promise<oidc.Configuration> {
    const key = JSON.stringify([upstream.issuer, upstream.client, upstream.secret])
    const kept = known.get(key)
    if (kept !== undefined && nowSeconds() < kept.until) return kept.configuration
    const configuration = discover(upstream).catch((error: unknown) => {
      known.delete(key)
      throw error
    })
    known.set(key, { configuration, until: nowSeconds() + metadataSeconds })
    return configuration
  }

  async function discover(upstream: Upstream): Promise<oidc.Configuration> {
    const { issuer, client } = upstream
    // Only this machine's own issuers speak plain HTTP, and only in development does `fetch` go there.
    const plain = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []
    const configuration = await oidc.discovery(new URL(issuer), client, undefined, clientAuth(upstream), {
      [oidc.customFetch]: ask,
      timeout: timeoutSeconds,
      execute: [...plain, oidc.enableNonRepudiationChecks],
    })
    const { issuer: stated, authorization_endpoint: endpoint = '' } = configuration.serverMetadata()
    // The library forgives some providers that speak for another issuer; we know an account by this very text.
    if (stated !== issuer) throw failure('sign-in.upstream_answer', 'metadata of another issuer')
    if (URL.parse(endpoint)?.protocol !== new URL(issuer).protocol) {
      throw failure('sign-in.upstream_answer', 'no authorization endpoint')
    }
    return configuration
  }

  async function begin(name: string, maxAgeSeconds: number): ReturnType<Upstreams['begin']> {
    const upstream = find(name)
    if (upstream === undefined) throw failure('sign-in.upstream_unreachable', 'not declared')
    const configuration = await configurationOf(upstream)
    const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()]
    const address = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: `${issuerUrl}${callbackPath(name)}`,
      scope: upstream.scopes.join(' '),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      max_age: String(maxAgeSeconds),
    })
    const { issuer, client } = upstream
    return { address: address.href, state, trip: { upstream: name, issuer, client, nonce, verifier } }
  }

  async function complete(trip: Trip, state: string, search: string): Promise<Voucher> {
    const upstream = find(trip.upstream)
    if (upstream === undefined || upstream.issuer !== trip.issuer || upstream.client !== trip.client) {
      throw failure('sign-in.upstream_unreachable', 'declared otherwise meanwhile')
    }
    const configuration = await configurationOf(upstream)
    const answer = new URL(`${issuerUrl}${callbackPath(trip.upstream)}${search}`)
    const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
      expectedState: state,
      expectedNonce: trip.nonce,
      pkceCodeVerifier: trip.verifier,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (claims === undefined || claims.iss !== upstream.issuer || !isSubject(claims.sub)) {
      throw failure('sign-in.upstream_answer', 'no subject of this issuer')
    }
    const { auth_time: at } = claims
    return {
      issuer: claims.iss,
      subject: claims.sub,
      hasTwoFactors: hasTwoFactors(upstream, claims),
      ...(at === undefined ? {} : { authenticatedAtSeconds: Math.min(Math.floor(at), nowSeconds()) }),
    }
  }

  return {
    names: () => declared().map(({ name }) => name),
    issuerOf: (name) => find(name)?.issuer,
    begin: (...asked) => begin(...asked).catch(tell),
    complete: (...asked) => complete(...asked).catch(tell),
  }
}

/** Adversary: an upstream that words its claims otherwise; what is not exactly as written counts as one factor. */
function hasTwoFactors({ mfa }: Upstream, { amr, acr }: Readonly<Record<string, unknown>>): boolean {
  const methods: readonly unknown[] = Array.isArray(amr) ? amr : []
  return mfa.amr.some((one) => methods.includes(one)) || mfa.acr.some((one) => one === acr)
}

type FailureCode = 'sign-in.upstream_refused' | 'sign-in.upstream_answer' | 'sign-in.upstream_unreachable'

function failure(code: FailureCode, detail: string, cause?: unknown): SallyportError {
  return new SallyportError(code, detail, { cause })
}

/**
 * What went wrong, in words of ours: nothing that an upstream or a visitor wrote goes further than its error code.
 * Whatever is no answer of an upstream is a fault of ours, and stays one.
 */
function tell(error: unknown): never {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof SallyportError)) continue
    throw cause.code.startsWith('sign-in.') ? cause : failure('sign-in.upstream_unreachable', cause.code, error)
  }
  if (error instanceof oidc.AuthorizationResponseError) {
    throw failure('sign-in.upstream_refused', worded(error.error), error)
  }
  if (error instanceof oidc.ResponseBodyError) throw failure('sign-in.upstream_answer', worded(error.error), error)
  if (error instanceof oidc.ClientError || error instanceof oidc.WWWAuthenticateChallengeError) {
    const { code = 'unknown' } = error
    const isLate = code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT'
    throw failure(isLate ? 'sign-in.upstream_unreachable' : 'sign-in.upstream_answer', code, error)
  }
  throw error
}

function worded(code: string): string {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(code) ? code : 'unreadable'
}
