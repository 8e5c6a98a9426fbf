import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'
import { TOTP, URI } from 'otpauth'

import { type HolderKey, proofOf } from '../bound/index.ts'
import { type Browser, openBrowser, type Page } from './browser.ts'
import { type DeviceKey, makeDeviceAssertion } from './device-assertion.ts'

/** How to sign in as one user; what `development-sign-in.json` holds for each. Secret. */
export interface SignInDetails {
  readonly password: string
  /** `otpauth://totp/…` */
  readonly totpUri: string
  readonly device: DeviceKey
}

/** Where to sign in, as whom, and what to prove. */
export interface SignInOptions {
  readonly issuerUrl: string
  /** The certificate authority of the provider, PEM; no other is trusted. */
  readonly caPem: string
  readonly userName: string
  readonly details: SignInDetails
  /** Prove the second factor. Without it the sign-in goes on, and the token says `pwd` alone. */
  readonly mfa: boolean
  /** Prove the enrolled device. */
  readonly device: boolean
  /** The `resource` to get a token for (RFC 8707); the provider's only one unless said. */
  readonly audience?: string
  /** The address to connect from. */
  readonly localAddress?: string
  /** The key to bind the token to; without one it is a bearer token. */
  readonly key?: HolderKey
  /** Scopes beside `call`, with spaces between them. */
  readonly scope?: string
  /** Hears that there is a wait, and for how many seconds. */
  readonly onWait?: (seconds: number) => void
}

/** What came of it. Secret. */
export interface SignedIn {
  readonly accessToken: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const clientId = 'sallyport-cli'
/** Nothing listens there: the code is taken from the redirect itself. */
const redirectUri = 'http://127.0.0.1/callback'
const codePeriodSeconds = 30

/**
 * Signs in without a browser: the real authorization code flow with PKCE (RFC 7636), forms filled in.
 * Throws `sign_in.refused` when the provider says no, with its words, and `sign_in.protocol` when its answers do not
 * fit the flow. When a code of the second factor was used already, it waits for the next one, at most 30 s.
 */
export async function signIn(options: SignInOptions): Promise<SignedIn> {
  const origin = new URL(options.issuerUrl).origin
  const browser = openBrowser(origin, options.caPem, options.localAddress)
  try {
    const verifier = randomBytes(32).toString('base64url')
    const state = randomBytes(16).toString('base64url')
    const request = authorizationRequest(options, verifier, state)
    const first = await follow(browser, await browser.get(`${origin}/auth?${request.toString()}`), 'interaction')
    let page = await enterPassword(browser, options, first)
    if (isInteraction(page)) page = options.mfa ? await enterCode(browser, options, page) : await skip(browser, page)
    else if (options.mfa) throw refused('no second factor is enrolled for this user')
    const code = readCode(await follow(browser, page, 'callback'), options.issuerUrl, state)
    return await exchange(browser, origin, {
      code,
      verifier,
      ...(options.key === undefined ? {} : { key: options.key }),
    })
  } finally {
    await browser.close()
  }
}

function authorizationRequest({ audience, scope }: SignInOptions, verifier: string, state: string): URLSearchParams {
  return new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: ['openid call', ...(scope === undefined ? [] : [scope])].join(' '),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    ...(audience === undefined ? {} : { resource: audience }),
  })
}

async function enterPassword(browser: Browser, options: SignInOptions, path: string): Promise<Page> {
  const { details, issuerUrl, userName } = options
  const nonce = path.split('/').at(-1) ?? ''
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const claims = { issuer: issuerUrl, nonce, nowSeconds }
  const assertion = options.device ? makeDeviceAssertion(details.device, claims) : ''
  const fields = { user: userName, password: details.password, device_assertion: assertion }
  return accepted(await browser.submit(`${path}/password`, fields))
}

/** The provider uses each step up: this one, then the next, which it also takes, then after a wait the one after. */
async function enterCode(browser: Browser, { details, onWait }: SignInOptions, page: Page): Promise<Page> {
  const path = interactionPath(page)
  const totp = URI.parse(details.totpUri)
  if (!(totp instanceof TOTP)) throw protocol('the second factor of this user is not TOTP')
  const start = Math.floor(Date.now() / 1_000 / codePeriodSeconds)
  let answer: Page | undefined
  for (const step of [start, start + 1, start + 2]) {
    const acceptedFromMs = (step - 1) * codePeriodSeconds * 1_000
    const waitMs = Math.max(0, acceptedFromMs - Date.now())
    if (waitMs > 0) onWait?.(Math.ceil(waitMs / 1_000))
    await wait(waitMs)
    const code = totp.generate({ timestamp: step * codePeriodSeconds * 1_000 })
    answer = await browser.submit(`${path}/code`, { code })
    if (answer.status === 303) return answer
    if (answer.status !== 403) break
  }
  throw refused(problemOf(answer?.body ?? ''))
}

async function skip(browser: Browser, page: Page): Promise<Page> {
  return accepted(await browser.submit(`${interactionPath(page)}/without-second-factor`, {}))
}

async function exchange(
  browser: Browser,
  origin: string,
  { code, verifier, key }: { readonly code: string; readonly verifier: string; readonly key?: HolderKey },
): Promise<SignedIn> {
  const fields = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }
  const url = `${origin}/token`
  const answer = await browser.call(url, fields, key && proofOf(key, { method: 'POST', url }))
  if (answer.status !== 200) throw refused(`the code was not exchanged: ${answer.body.slice(0, 200)}`)
  const token = parse(answer.body)
  if (typeof token !== 'object' || token === null) throw protocol('the token response is no object')
  const members = new Map<string, unknown>(Object.entries(token))
  const [accessToken, expiresIn] = [members.get('access_token'), members.get('expires_in')]
  if (typeof accessToken !== 'string' || typeof expiresIn !== 'number') throw protocol('no access token came back')
  return { accessToken, expiresAt: Date.now() + expiresIn * 1_000 }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw protocol('the token response is no JSON') // not quoted: it could hold a token
  }
}

/** Follows redirects on the provider until one leads to the wanted place, and returns that address. */
async function follow(browser: Browser, page: Page, wanted: 'interaction' | 'callback'): Promise<string> {
  let current = page
  for (let hops = 0; hops < 5; hops++) {
    const { location } = current
    if (location === undefined) throw refused(problemOf(current.body))
    if (location.startsWith(`${redirectUri}?`)) {
      if (wanted === 'callback') return location
      throw refused(new URL(location).searchParams.get('error_description') ?? 'the provider ended the sign-in')
    }
    if (wanted === 'interaction' && isInteraction(current)) return interactionPath(current)
    current = await browser.get(location)
  }
  throw protocol('the provider redirects without end')
}

/** RFC 9207: the answer must name the issuer that was asked; `state` must be ours. */
function readCode(location: string, issuerUrl: string, state: string): string {
  const answer = new URL(location).searchParams
  const error = answer.get('error')
  if (error !== null) throw refused(answer.get('error_description') ?? error)
  const code = answer.get('code')
  if (answer.get('state') !== state || answer.get('iss') !== issuerUrl || code === null) {
    throw protocol('the answer does not belong to this sign-in')
  }
  return code
}

function isInteraction({ location }: Page): boolean {
  const path = location === undefined ? undefined : URL.parse(location, 'https://provider.invalid')?.pathname
  return path?.startsWith('/interaction/') === true
}

function interactionPath({ location = '' }: Page): string {
  return new URL(location, 'https://provider.invalid').pathname
}

function accepted(page: Page): Page {
  if (page.status !== 303) throw refused(problemOf(page.body))
  return page
}

/** The sentence that the page shows as the problem. */
function problemOf(body: string): string {
  return /role="alert">([^<]*)</.exec(body)?.[1] ?? /<h1>([^<]*)</.exec(body)?.[1] ?? 'the provider gave no reason'
}

function refused(why: string): SallyportError {
  return new SallyportError('sign_in.refused', `the sign-in was refused: ${why}`)
}

function protocol(why: string): SallyportError {
  return new SallyportError('sign_in.protocol', `the sign-in went wrong: ${why}`)
}
