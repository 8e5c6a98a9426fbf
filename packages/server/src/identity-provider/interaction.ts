import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Device } from '@sallyport/core/access'
import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'

import { type Attempts, codeAttempts, passwordAttempts } from './attempts.ts'
import { lifetimes, resourceScope } from './configuration.ts'
import { proveDevice } from './device-proof.ts'
import { readForm } from './form.ts'
import { pageHeaders } from './html.ts'
import { codePage, errorPage, passwordPage } from './pages.ts'
import type { Passwords } from './password.ts'
import type { SealedStore, SignInEvent, UserStore } from './ports.ts'
import { useCode } from './second-factor.ts'
import { contextOf, rememberFacts } from './sign-in-facts.ts'

/** What the sign-in pages need. */
export interface SignInContext {
  readonly app: string
  readonly issuerUrl: string
  readonly audience: string
  readonly provider: Provider
  readonly users: UserStore
  readonly store: SealedStore
  readonly passwords: Passwords
  readonly attempts: Attempts
  readonly nowSeconds: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Returns when the event is recorded; a sign-in that cannot be recorded does not happen. */
  readonly report: (event: SignInEvent) => void | Promise<void>
}

/** The password was right; the second factor is asked for. Kept sealed under the interaction, for five minutes. */
interface PasswordProved {
  readonly user: string
  readonly device?: Device
}

const stepSeconds = 300
/** The same words whether the user exists or not. */
const wrongPassword = 'That user name and password do not go together.'
const wrongCode = 'That code was not accepted. Each works once: wait for the next one.'
const tooMany = 'Too many attempts. Wait a quarter of an hour.'

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** Answers `/interaction/…`: shows the page of the step that a sign-in is at, and takes its forms. */
export async function handleInteraction(context: SignInContext, ...exchange: Exchange): Promise<void> {
  const [request, response] = exchange
  const path = /^\/interaction\/([A-Za-z0-9_-]{1,64})(?:\/([a-z-]{1,32}))?$/.exec(request.url ?? '')
  const [, uid, action] = path ?? []
  const interaction = uid === undefined ? undefined : await findInteraction(context.provider, exchange)
  // The cookie, not the address, says which sign-in this is: an address can be given to somebody else.
  if (uid === undefined || interaction === undefined || interaction.uid !== uid) {
    return send(response, 400, errorPage('This sign-in is over', 'It took too long or was finished. Start again.'))
  }
  if (action === undefined && request.method === 'GET') return showStep(context, response, uid)
  if (request.method !== 'POST') return send(response, 405, errorPage('Not here', 'This address takes a form.'))
  const form = await readForm(request, new URL(context.issuerUrl).origin)
  if ('status' in form) return send(response, form.status, errorPage('Not accepted', 'The form was not accepted.'))
  if (action === 'password') return takePassword(context, exchange, interaction, form)
  if (action === 'code') return takeCode(context, exchange, interaction, form)
  if (action === 'without-second-factor') return skipSecondFactor(context, exchange, interaction)
  return send(response, 404, errorPage('Not here', 'There is no such page.'))
}

async function findInteraction(provider: Provider, exchange: Exchange): Promise<Interaction | undefined> {
  try {
    return await provider.interactionDetails(...exchange)
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined
    throw error
  }
}

function showStep({ app, store }: SignInContext, response: ServerResponse, uid: string): void {
  const isProved = readProved(store, uid) !== undefined
  send(response, 200, isProved ? codePage({ app, uid }) : passwordPage({ app, uid }))
}

async function takePassword(
  context: SignInContext,
  exchange: Exchange,
  interaction: Interaction,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const { app, issuerUrl, nowSeconds, store, users } = context
  const { uid } = interaction
  const [request, response] = exchange
  const name = (form.get('user') ?? '').slice(0, 64)
  const keys = passwordAttempts(name, addressOf(request))
  const refuse = async (status: number, code: string, problem: string): Promise<void> => {
    await context.report({ event: 'refused', code, user: name, address: addressOf(request) })
    send(response, status, passwordPage({ app, uid, problem }))
  }
  if (!context.attempts.take(keys)) return refuse(429, 'sign-in.too_many_attempts', tooMany)
  const user = users.find(name)
  const verdict = await context.passwords.check(user?.passwordHash, form.get('password') ?? '')
  if (verdict === 'busy') return refuse(503, 'sign-in.busy', 'Too many sign-ins at once. Try again.')
  if (verdict === 'wrong' || user === undefined) return refuse(403, 'sign-in.password', wrongPassword)
  context.attempts.succeed(keys)
  const assertion = form.get('device_assertion') ?? ''
  const expected = { issuer: issuerUrl, nonce: uid, nowSeconds: nowSeconds() }
  const device = assertion === '' ? undefined : await proveDevice(assertion, user, expected)
  if (assertion !== '' && device === undefined) {
    // Not the end of the sign-in: a person on a device that cannot prove itself is a person on an unmanaged device.
    await context.report({ event: 'refused', code: 'sign-in.device', user: name, address: addressOf(request) })
  }
  const proved = { user: user.name, ...(device === undefined ? {} : { device }) }
  if (user.totpSecret === undefined) return finish(context, exchange, interaction, proved, ['pwd'])
  store.put('sign-in-step', hashed(uid), JSON.stringify(proved), nowSeconds() + stepSeconds)
  redirect(response, `/interaction/${uid}`)
}

async function takeCode(
  context: SignInContext,
  exchange: Exchange,
  interaction: Interaction,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const { app, nowSeconds, store } = context
  const { uid } = interaction
  const [request, response] = exchange
  const proved = readProved(store, uid)
  const user = proved === undefined ? undefined : context.users.find(proved.user)
  if (proved === undefined || user === undefined) return redirect(response, `/interaction/${uid}`)
  const keys = codeAttempts(user.name)
  const refuse = async (status: number, code: string, problem: string): Promise<void> => {
    await context.report({ event: 'refused', code, user: user.name, address: addressOf(request) })
    send(response, status, codePage({ app, uid, problem }))
  }
  if (!context.attempts.take(keys)) return refuse(429, 'sign-in.too_many_attempts', tooMany)
  if (!useCode(store, user, form.get('code') ?? '', nowSeconds())) return refuse(403, 'sign-in.code', wrongCode)
  context.attempts.succeed(keys)
  return finish(context, exchange, interaction, proved, ['pwd', 'otp', 'mfa'])
}

/** Allowed, and said: the token claims `pwd` alone, and what demands MFA refuses it. */
async function skipSecondFactor(context: SignInContext, exchange: Exchange, interaction: Interaction): Promise<void> {
  const proved = readProved(context.store, interaction.uid)
  if (proved === undefined) return redirect(exchange[1], `/interaction/${interaction.uid}`)
  return finish(context, exchange, interaction, proved, ['pwd'])
}

async function finish(
  context: SignInContext,
  exchange: Exchange,
  interaction: Interaction,
  proved: PasswordProved,
  methods: readonly string[],
): Promise<void> {
  const { audience, nowSeconds, provider, store } = context
  const clientId = interaction.params['client_id']
  if (typeof clientId !== 'string') throw new TypeError('an interaction without a client')
  store.delete('sign-in-step', hashed(interaction.uid))
  const grant = new provider.Grant({ accountId: proved.user, clientId })
  grant.addOIDCScope('openid offline_access')
  grant.addResourceScope(audience, resourceScope)
  const grantId = await grant.save()
  const authenticatedAtSeconds = nowSeconds()
  const sessionId = Buffer.from(context.random(16)).toString('hex')
  const device = proved.device === undefined ? {} : { device: proved.device }
  const facts = { sessionId, methods, authenticatedAtSeconds, ...device }
  rememberFacts(store, grantId, facts, authenticatedAtSeconds + lifetimes.refreshSeconds)
  await context.report({
    event: 'signed-in',
    code: 'sign-in.done',
    user: proved.user,
    address: addressOf(exchange[0]),
    sessionId,
    methods,
    ...(proved.device === undefined ? {} : { device: proved.device.id }),
  })
  const login = { accountId: proved.user, amr: [...methods], acr: contextOf(methods), ts: authenticatedAtSeconds }
  await provider.interactionFinished(...exchange, { login: { ...login, remember: false }, consent: { grantId } })
}

function readProved(store: SealedStore, uid: string): PasswordProved | undefined {
  const value = store.get('sign-in-step', hashed(uid))
  return value === undefined ? undefined : JSON.parse(value)
}

/** The address of the connection; nothing that a client could write into a header. */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown'
}

/** Sends one of our pages. */
export function send(response: ServerResponse, status: number, body: string, redirectUri?: string): void {
  response.writeHead(status, { ...pageHeaders(redirectUri), 'content-length': Buffer.byteLength(body) }).end(body)
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store', 'content-length': 0 }).end()
}

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
