import type { IncomingMessage, ServerResponse } from 'node:http'

import { clientLookup, type ProviderClient } from './clients.ts'
import { pageHeaders } from '../pages/html.ts'
import { type ProviderKeys, verifyOwn } from './keys.ts'
import { errorPage } from '../pages/pages.ts'

/** Where a client sends a person to sign out (OpenID Connect RP-Initiated Logout 1.0 §2). */
export const endSessionPath = '/session/end'

/** What ending a session needs. */
export interface EndSessionOptions {
  readonly issuerUrl: string
  readonly keys: ProviderKeys
  readonly clients: () => readonly ProviderClient[]
  /** Returns when everything that rests on the session has ended. */
  readonly endSession: (sessionId: string, reason: string) => Promise<void>
}

/**
 * Answers `/session/end`. Whoever holds the ID token of a session may end it, even one that expired: nothing but
 * signing in again is lost. Adversary: another site that sends a person here (without the ID token nothing ends), or
 * that wants a person sent on (only to an address that this client has declared).
 */
export async function handleEndSession(
  options: EndSessionOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', options.issuerUrl)
  const hint = await readHint(options, searchParams.get('id_token_hint'))
  if (request.method !== 'GET') return show(response, 405, 'Not here', 'This address is for GET.')
  if (hint === undefined) {
    return show(response, 400, 'Nothing was ended', 'Sign out where you signed in; nobody is kept signed in here.')
  }
  const target = searchParams.get('post_logout_redirect_uri')
  const declared = clientLookup(options.clients)(hint.client)?.post_logout_redirect_uris ?? []
  if (target !== null && !declared.includes(target)) {
    return show(response, 400, 'Nothing was ended', 'The address to go on to is not one of this client.')
  }
  await options.endSession(hint.sessionId, 'logout')
  if (target === null) return show(response, 200, 'Signed out', 'You can close this page.')
  const location = new URL(target)
  const state = searchParams.get('state')
  if (state !== null) location.searchParams.set('state', state)
  response.writeHead(303, { location: location.href, 'cache-control': 'no-store', 'content-length': 0 }).end()
}

async function readHint(
  { issuerUrl, keys }: EndSessionOptions,
  hint: string | null,
): Promise<{ readonly client: string; readonly sessionId: string } | undefined> {
  if (hint === null) return undefined
  // Its age does not matter: it only names what is to end.
  const verified = await verifyOwn(keys, hint, { issuer: issuerUrl, currentDate: new Date(0) })
  const { aud, sid } = verified?.payload ?? {}
  // An access token of ours has a `typ` of its own, and is no ID token.
  if (typeof aud !== 'string' || typeof sid !== 'string' || verified?.protectedHeader.typ === 'at+jwt') return undefined
  return { client: aud, sessionId: sid }
}

function show(response: ServerResponse, status: number, title: string, message: string): void {
  const body = errorPage(title, message)
  response.writeHead(status, { ...pageHeaders(), 'content-length': Buffer.byteLength(body) }).end(body)
}
