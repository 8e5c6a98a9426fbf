import { setTimeout as wait } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'

import { type HolderKey, proofOf } from '../bound/index.ts'
import { isRecord, textIn } from '../local-api.ts'
import { type Browser, openBrowser } from '../sign-in/browser.ts'
import type { StepUp } from '../step-up.ts'
import type { KeptLogin } from './kept-login.ts'

const clientId = 'sallyport-cli'
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Where to sign in, and how a person is told. */
export interface DeviceLoginOptions {
  readonly issuerUrl: string
  /** The certificate authority of the provider, PEM; no other is trusted. */
  readonly caPem: string
  /** The key of this device, which the sign-in is bound to. */
  readonly key: HolderKey
  /** What the sign-in must be, where a challenge said so. */
  readonly stepUp?: StepUp
  /** Shows where to go and which code to enter there. */
  readonly show: (address: string, code: string) => void
}

/**
 * Signs in through a browser that may be anywhere (RFC 8628), and binds what comes of it to the key of this device
 * (RFC 9449): access token and refresh token open nothing without it. Throws `sign_in.refused` when the person says no
 * or takes too long, and `sign_in.protocol` when the answers do not fit the flow.
 */
export async function deviceLogin(options: DeviceLoginOptions): Promise<KeptLogin> {
  const { issuerUrl, caPem, key, stepUp = {}, show } = options
  return withProvider(issuerUrl, caPem, async (browser, origin) => {
    const { acrValues, maxAge, scope } = stepUp
    const fields = {
      client_id: clientId,
      scope: ['openid offline_access call', ...(scope === undefined ? [] : [scope])].join(' '),
      ...(acrValues === undefined ? {} : { acr_values: acrValues }),
      ...(maxAge === undefined ? {} : { max_age: maxAge }),
    }
    const begun = parse(await browser.call(`${origin}/device/auth`, fields))
    const [device, code] = [textIn(begun, 'device_code'), textIn(begun, 'user_code')]
    const address = textIn(begun, 'verification_uri')
    if (device === undefined || code === undefined || address === undefined) throw protocol('no code came back')
    show(address, code)
    let intervalMs = Number(begun['interval'] ?? 5) * 1_000
    for (const until = Date.now() + Number(begun['expires_in'] ?? 0) * 1_000; Date.now() < until;) {
      await wait(intervalMs)
      const wanted = { grant_type: deviceGrant, client_id: clientId, device_code: device }
      const answer = await askForToken(browser, origin, wanted, key)
      if (answer.status === 200) return loginIn(issuerUrl, parse(answer), key)
      const error = textIn(parse(answer), 'error')
      if (error === 'slow_down') intervalMs += 5_000
      else if (error !== 'authorization_pending') throw refused(textIn(parse(answer), 'error_description') ?? error)
    }
    throw refused('nobody entered the code in time')
  })
}

/** Another access token, and the refresh token that replaces the one used. Undefined when the sign-in is over. */
export async function refreshLogin(login: KeptLogin, caPem: string): Promise<KeptLogin | undefined> {
  const { issuer, refreshToken, key } = login
  if (refreshToken === undefined) return undefined
  return withProvider(issuer, caPem, async (browser, origin) => {
    const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }
    const answer = await askForToken(browser, origin, fields, key)
    return answer.status === 200 ? loginIn(issuer, parse(answer), key) : undefined
  })
}

/** Ends the sign-in at the issuer: its refresh token, and every access token made under it. */
export async function endLogin({ issuer, refreshToken }: KeptLogin, caPem: string): Promise<void> {
  if (refreshToken === undefined) return
  await withProvider(issuer, caPem, async (browser, origin) => {
    const answer = await browser.call(`${origin}/token/revocation`, { client_id: clientId, token: refreshToken })
    if (answer.status !== 200) throw protocol(`the sign-in was not ended: status ${answer.status}`)
  })
}

/** The keys by which the issuer's tokens are checked, as JSON. */
export async function issuerKeys(issuerUrl: string, caPem: string): Promise<unknown> {
  return withProvider(issuerUrl, caPem, async (browser, origin) => parse(await browser.get(`${origin}/jwks`)))
}

async function withProvider<T>(
  issuerUrl: string,
  caPem: string,
  use: (browser: Browser, origin: string) => Promise<T>,
): Promise<T> {
  const { origin } = new URL(issuerUrl)
  const browser = openBrowser(origin, caPem, undefined)
  try {
    return await use(browser, origin)
  } finally {
    await browser.close()
  }
}

function askForToken(
  browser: Browser,
  origin: string,
  fields: Readonly<Record<string, string>>,
  key: HolderKey,
): ReturnType<Browser['call']> {
  const url = `${origin}/token`
  return browser.call(url, fields, proofOf(key, { method: 'POST', url }))
}

function loginIn(issuer: string, answer: Readonly<Record<string, unknown>>, key: HolderKey): KeptLogin {
  const [accessToken, refreshToken] = [textIn(answer, 'access_token'), textIn(answer, 'refresh_token')]
  const expiresIn = answer['expires_in']
  if (accessToken === undefined || typeof expiresIn !== 'number') throw protocol('no access token came back')
  if (answer['token_type'] !== 'DPoP') throw protocol('the access token is bound to nothing')
  const expiresAt = Date.now() + expiresIn * 1_000
  return { issuer, key, accessToken, expiresAt, ...(refreshToken === undefined ? {} : { refreshToken }) }
}

function parse({ body }: { readonly body: string }): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw protocol('an answer is no JSON') // not quoted: it could hold a token
  }
  if (!isRecord(value)) throw protocol('an answer is no object')
  return value
}

function refused(why: string | undefined): SallyportError {
  return new SallyportError('sign_in.refused', `the sign-in was refused: ${why ?? 'no reason given'}`)
}

function protocol(why: string): SallyportError {
  return new SallyportError('sign_in.protocol', `the sign-in went wrong: ${why}`)
}
