import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'

import { SallyportError } from '@sallyport/core/access'
import type { EnrolmentRecord } from '@sallyport/core/access'
import type { JWK } from 'jose'
import { Provider } from 'oidc-provider'

import { type AttemptKey, createAttempts, startAttempts, userCodeAttempts } from './sign-in/attempts.ts'
import { clientLookup, type ProviderClient } from './protocol/clients.ts'
import { configure } from './protocol/configuration.ts'
import { devicePath, tellInterval } from './protocol/device-flow.ts'
import { type EnrolmentContext, handleEnrolment, isEnrolment } from './enrolment/handle.ts'
import { type Enrolments, openEnrolments } from './enrolment/enrolments.ts'
import { type EndSessionOptions, endSessionPath, handleEndSession } from './protocol/end-session.ts'
import { registerExchange } from './protocol/exchange.ts'
import { handleInteraction } from './sign-in/interaction.ts'
import { openProviderKeys, publicJwks } from './protocol/keys.ts'
import { pageHeaders } from './pages/html.ts'
import { errorPage } from './pages/pages.ts'
import { openPasskeys } from './sign-in/passkeys.ts'
import { createPasswords } from './sign-in/password.ts'
import type { SealedStore, SignInEvent, UserStore } from './ports.ts'
import { recallFacts } from './sign-in-facts.ts'
import type { VouchedBy } from './sign-in/steps.ts'
import { addressOf, send, type SignInContext } from './sign-in/visit.ts'
import { isLinked } from './upstream/links.ts'
import { openUpstreams, type UpstreamOptions } from './upstream/upstreams.ts'
import { handleUpstreamCallback, isUpstreamCallback } from './upstream/visit.ts'

/** Everything that a provider is made of. */
export interface IdentityProviderOptions {
  /** The `iss` of its tokens; an https origin. With port 0 the port that was given takes its place in it. */
  readonly issuerUrl: string
  readonly tls: { readonly key: string; readonly cert: string }
  /** Address to listen on, and port; 0 takes a free one. */
  readonly host: string
  readonly port: number
  readonly users: UserStore
  readonly sealedStore: SealedStore
  readonly nowSeconds: () => number
  /** Cryptographically secure random bytes. */
  readonly random: (bytes: number) => Uint8Array
  /** The `aud` of its access tokens: a URI such as `urn:sallyport:checkout`. */
  readonly audience: string
  /** The app's name, for the pages. */
  readonly app: string
  /** Programs that may ask for tokens, as the manifest in force declares them. */
  readonly clients: () => readonly ProviderClient[]
  /** Scopes that the manifest in force demands somewhere, beside `call`. */
  readonly scopes: () => readonly string[]
  /** Ends everything that rests on a session; returns when that holds. */
  readonly endSession: (sessionId: string, reason: string) => Promise<void>
  /** Ends everything that a user holds; returns when that holds. */
  readonly endAllOf: (user: string, reason: string) => Promise<void>
  /** Resolves when it is in the ledger; what cannot be recorded is not enrolled. */
  readonly recordEnrolment: (record: Omit<EnrolmentRecord, 'kind' | 'at'>) => Promise<void>
  /** Records what happens at the sign-in; a sign-in that cannot be recorded does not happen. */
  readonly report: (event: SignInEvent) => void | Promise<void>
  /** The providers outside at which users may sign in, and how they are asked. */
  readonly upstreams: UpstreamOptions
}

/** A running provider. */
export interface IdentityProvider {
  readonly issuerUrl: string
  /** The public keys, for the verifier in the same process. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** Links by which people set what they sign in with. */
  readonly enrolments: Enrolments
  /** Takes another certificate, before the present one expires; open connections keep theirs. */
  setCertificate(tls: { readonly key: string; readonly cert: string }): void
  /** Ends every connection and returns when the port is free. */
  close(): Promise<void>
}

const limits = { maxHeaderSize: 16_384, handshakeTimeout: 10_000 }

/** Of the 512 connections that there may be: who opens them all and sends nothing must not shut out all others. */
const mostOfOneAddress = 128

/**
 * Starts Sallyport's own OpenID provider, over TLS 1.3: authorization code with PKCE, pushed requests, refresh tokens
 * that rotate, the device flow, and tokens for programs that prove themselves by a key; DPoP where a client wants it.
 * Throws `identity_provider.port` when the port is taken and `identity_provider.issuer` for an issuer that is not
 * an https origin.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { app, audience, clients, scopes, endSession, nowSeconds, random, report, sealedStore: store, users } = options
  const keys = await openProviderKeys(store, random)
  const passwords = await createPasswords(random)
  const attempts = createAttempts(store, nowSeconds)
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.3', ...limits })
  server.requestTimeout = 30_000
  server.headersTimeout = 10_000
  server.maxConnections = 512
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    if ([...sockets].filter((one) => one.remoteAddress === remoteAddress).length >= mostOfOneAddress) {
      return void socket.destroy()
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const issuerUrl = issuerWithPort(options.issuerUrl, await listen(server, options))
  // A grant ends by logout, by revocation (RFC 7009), or because something of it was used twice.
  const grantEnded = async (grantId: string): Promise<void> => {
    const facts = recallFacts(store, grantId)
    if (facts !== undefined) await endSession(facts.sessionId, 'its grant was ended')
  }
  const upstreams = openUpstreams(options.upstreams, { issuerUrl, nowSeconds })
  const mayVouch = (by: VouchedBy, name: string): boolean => {
    const user = users.find(name)
    return user !== undefined && upstreams.issuerOf(by.upstream) === by.issuer && isLinked(user, by)
  }
  const configured = { issuerUrl, app, audience, keys, store, users, clients, scopes, nowSeconds, grantEnded, mayVouch }
  const provider = new Provider(issuerUrl, configure(configured))
  registerExchange(provider, { issuerUrl, audience, keys, store, users, nowSeconds })
  const passkeys = openPasskeys({ app, issuerUrl, users, store, nowSeconds })
  const sealed = { users, store, passwords, passkeys, attempts }
  const { recordEnrolment: record, endAllOf } = options
  const enrolments = openEnrolments({ issuerUrl, store, nowSeconds, random, record })
  const kept = { ...sealed, enrolments, upstreams, mayVouch }
  const context = { app, issuerUrl, audience, provider, ...kept, scopes, nowSeconds, random, report }
  const isTaken = (name: string): boolean => clientLookup(clients)(name) !== undefined
  const enrolling = { ...context, record, endAllOf, isTaken }
  const ending = { issuerUrl, keys, clients, endSession }
  provider.silent = true // its errors are reported below, not printed
  provider.on('server_error', (ctx, error) => void reportFault(context, ctx.req, error))
  provider.on('device_authorization.success', tellInterval)
  provider.use(async (ctx, next) => {
    // The library's own pages, such as the one that sends a form on, say nothing of frames or of caches.
    ctx.set(pagesOfTheLibrary)
    if (ctx.path === devicePath) ctx.set('cache-control', 'no-store')
    try {
      await next()
    } catch (error) {
      // Past its own handling, as with a form whose session is over: Koa would send a text of its own, off record.
      await reportFault(context, ctx.req, error)
      ctx.status = 500
      ctx.set(pageHeaders())
      ctx.body = errorPage('This cannot go on', 'Begin again where you came from.')
    }
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    void dispatch({ context, enrolling, ending, answer }, request, response)
  })
  return {
    issuerUrl,
    jwks: publicJwks(keys),
    enrolments,
    setCertificate: (tls) => server.setSecureContext({ ...tls, minVersion: 'TLSv1.3' }),
    async close() {
      const closed = once(server, 'close')
      server.close()
      // Not `closeAllConnections`: it does not know those that are still shaking hands.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const pagesOfTheLibrary = {
  'content-security-policy': "frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** What leaves a record for whoever asks, or lets a code be guessed. */
const countedPaths: ReadonlyMap<string, (address: string) => readonly AttemptKey[]> = new Map([
  ['GET /auth', startAttempts],
  ['POST /auth', startAttempts],
  ['POST /request', startAttempts],
  ['POST /device/auth', startAttempts],
  ['POST /device', userCodeAttempts],
])

interface Desks {
  readonly context: SignInContext
  readonly enrolling: EnrolmentContext
  readonly ending: EndSessionOptions
  /** The library itself. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

async function dispatch(
  { context, enrolling, ending, answer }: Desks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!isOurs(request, context.issuerUrl)) {
      return send(response, 421, errorPage('Not here', 'This server does not answer for that name.'))
    }
    if (isEnrolment(request)) return await handleEnrolment(enrolling, request, response)
    if (request.url?.startsWith('/interaction/') === true) return await handleInteraction(context, request, response)
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (isUpstreamCallback(path)) return handleUpstreamCallback(context, request, response)
    if (path === endSessionPath) return await handleEndSession(ending, request, response)
    // But for the form with a device's code, which is held against the session that it was shown in.
    if (!(path === devicePath && request.method === 'POST')) forgetSession(request)
    const counted = countedPaths.get(`${request.method} ${path}`)
    if (counted !== undefined && !context.attempts.take(counted(addressOf(request)))) {
      return send(response, 429, errorPage('Too many sign-ins', 'Wait a quarter of an hour.'))
    }
    await answer(request, response)
  } catch (error) {
    await reportFault(context, request, error)
    if (response.headersSent) response.destroy()
    else send(response, 500, errorPage('This cannot go on', 'Something failed here.'))
  }
}

/**
 * Every sign-in begins with nobody signed in. What the library remembers of the last one in this browser lives for a
 * second; a sign-in that began within it would end with it, half way.
 */
function forgetSession({ headers }: IncomingMessage): void {
  const kept = (headers.cookie ?? '').split('; ').filter((pair) => !/^_session(?:\.|=)/.test(pair))
  headers.cookie = kept.join('; ')
}

/**
 * The library builds addresses from what the request says of itself, so the request may say one thing only:
 * one Host, ours, and a path (DNS rebinding, absolute-form targets).
 */
function isOurs(request: IncomingMessage, issuerUrl: string): boolean {
  const hosts = request.headersDistinct['host'] ?? []
  return hosts.length === 1 && hosts[0] === new URL(issuerUrl).host && request.url?.startsWith('/') === true
}

/** For the operator. What cannot even be reported must not end the process that serves everybody else. */
async function reportFault(context: SignInContext, request: IncomingMessage, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error)
  try {
    await context.report({ event: 'failed', code: 'sign-in.fault', address: addressOf(request), message })
  } catch (unreported) {
    process.emitWarning(unreported instanceof Error ? unreported : String(unreported))
  }
}

async function listen(server: Server, { host, port }: IdentityProviderOptions): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new SallyportError('identity_provider.port', `the identity provider cannot listen on ${host}:${port}`, {
      cause,
    })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function issuerWithPort(issuerUrl: string, port: number): string {
  const url = URL.parse(issuerUrl)
  if (url === null || url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new SallyportError('identity_provider.issuer', `“${issuerUrl}” is not an https origin`)
  }
  if (url.port === '0') url.port = String(port)
  return url.origin
}
