import { randomUUID } from 'node:crypto'

import { importJWK, type JWTPayload, SignJWT } from 'jose'
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'

import { grants } from './clients.ts'
import { proofKeyOf } from './dpop-proof.ts'
import { type ProviderKeys, verifyOwn } from './keys.ts'
import type { SealedStore, UserStore } from '../ports.ts'

/** What an exchange needs. */
export interface ExchangeOptions {
  readonly issuerUrl: string
  readonly audience: string
  readonly keys: ProviderKeys
  readonly store: SealedStore
  readonly users: UserStore
  readonly nowSeconds: () => number
}

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
/** RFC 8693 §3: what our access tokens may be called; they are JWTs. */
const subjectTypes: readonly unknown[] = [accessToken, 'urn:ietf:params:oauth:token-type:jwt']
/** An exchanged token is for the work at hand. */
const maxLifetimeSeconds = 300
/** A chain of programs that act for one another is not worth trusting beyond this. */
const maxActors = 4

interface Parameters {
  readonly subject_token?: string
  readonly subject_token_type?: string
  readonly requested_token_type?: string
  readonly actor_token?: string
  readonly audience?: string
  readonly resource?: string
  readonly scope?: string
}

/**
 * Exchanges an access token of ours (RFC 8693) for a shorter-lived one that says who acts for its subject: the program
 * that proved itself by its key. Whatever may change only shrinks: scope, roles, lifetime; the device stays behind,
 * for the program does not run on it. A token that is bound to a key becomes one that is bound to the key that the
 * program proves with this very request, and never one that is bound to none.
 */
export function registerExchange(provider: Provider, options: ExchangeOptions): void {
  const names = ['subject_token', 'subject_token_type', 'requested_token_type', 'actor_token', 'audience', 'resource']
  provider.registerGrantType<Parameters>(grants.exchange, (ctx) => exchange(ctx, options), [...names, 'scope'])
}

async function exchange(ctx: TokenEndpointGrantContext<Parameters>, options: ExchangeOptions): Promise<void> {
  const { params, client } = ctx.oidc
  const { audience, issuerUrl, keys, nowSeconds } = options
  const refuse = (why: string): Error => new errors.InvalidRequest(why)
  if (params.subject_token === undefined || !subjectTypes.includes(params.subject_token_type)) {
    throw refuse(`subject_token and subject_token_type=${accessToken} are needed`)
  }
  if ((params.requested_token_type ?? accessToken) !== accessToken) throw refuse('only access tokens are given out')
  if (params.actor_token !== undefined) throw refuse('the actor is the client itself; actor_token is not taken')
  if ([params.audience, params.resource].some((target) => target !== undefined && target !== audience)) {
    throw new errors.InvalidTarget('unknown audience')
  }
  const subject = await readSubject(params.subject_token, options)
  if (subject.sub === client.clientId) throw refuse('nobody acts for themselves')
  const granted = typeof subject['scope'] === 'string' ? subject['scope'].split(' ') : []
  const scope = params.scope?.split(' ') ?? granted
  if (scope.some((one) => !granted.includes(one))) throw new errors.InvalidScope('more than the subject token has', '')

  const proofs = ctx.req.headersDistinct['dpop'] ?? []
  const proved = await proofKeyOf(proofs, { method: 'POST', url: `${issuerUrl}/token`, ...options })
  if (proofs.length > 0 && proved === undefined) throw new errors.InvalidDpopProof('the proof does not hold')
  const mustBind = subject['cnf'] !== undefined || client['dpopBoundAccessTokens'] === true
  if (mustBind && proved === undefined) throw new errors.InvalidDpopProof('a bound token stays bound: prove a key')

  const { sub, jti: _jti, iat: _iat, cnf: _cnf, device: _device, exp = 0, ...facts } = subject
  const lifetimeSeconds = Math.min(maxLifetimeSeconds, exp - nowSeconds())
  const [key] = keys.signing
  if (key === undefined || sub === undefined) throw new errors.InvalidGrant('the subject token names nobody')
  const claims = {
    ...facts,
    scope: scope.join(' '),
    roles: rolesOf(subject, options.users),
    client_id: client.clientId,
    act: actorOf(subject, client.clientId),
    ...(proved === undefined ? {} : { cnf: { jkt: proved } }),
  }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...(key.kid === undefined ? {} : { kid: key.kid }) })
    .setIssuer(issuerUrl)
    .setAudience(audience)
    .setSubject(sub)
    .setJti(randomUUID())
    .setIssuedAt(nowSeconds())
    .setExpirationTime(nowSeconds() + lifetimeSeconds)
    .sign(await importJWK(key, 'ES256'))
  ctx.body = {
    access_token: token,
    issued_token_type: accessToken,
    token_type: proved === undefined ? 'Bearer' : 'DPoP',
    expires_in: lifetimeSeconds,
    scope: scope.join(' '),
  }
}

/** Adversary: a program that holds something it calls an access token of a person. */
async function readSubject(token: string, options: ExchangeOptions): Promise<JWTPayload> {
  const verified = await verifyOwn(options.keys, token, {
    issuer: options.issuerUrl,
    audience: options.audience,
    typ: 'at+jwt',
    requiredClaims: ['sub', 'exp', 'iat', 'jti'],
    currentDate: new Date(options.nowSeconds() * 1_000),
  })
  if (verified === undefined) {
    throw new errors.InvalidGrant('the subject token is not a good access token of this issuer')
  }
  return verified.payload
}

/** What the token said and still holds: a role that was taken away meanwhile does not come along. */
function rolesOf({ sub = '', roles }: JWTPayload, users: UserStore): readonly string[] {
  const stated = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : []
  const user = users.find(sub)
  if (user?.disabled === true) throw new errors.InvalidGrant('the subject may not sign in any more')
  return user === undefined ? stated : stated.filter((role) => user.roles.includes(role))
}

/** RFC 8693 §4.1: the newest actor first, those before it inside. */
function actorOf({ act }: JWTPayload, by: string): Readonly<Record<string, unknown>> {
  let [depth, inner]: [number, unknown] = [1, act]
  while (typeof inner === 'object' && inner !== null) [depth, inner] = [depth + 1, Reflect.get(inner, 'act')]
  if (depth > maxActors) throw new errors.InvalidGrant(`more than ${maxActors} programs act for one another`)
  return { sub: by, ...(act === undefined ? {} : { act }) }
}
