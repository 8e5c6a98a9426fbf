import type { IncomingMessage, ServerResponse } from 'node:http'

import type Provider from 'oidc-provider'

import type { Attempts } from './attempts.ts'
import type { Enrolments } from '../enrolment/enrolments.ts'
import { pageHeaders } from '../pages/html.ts'
import { addPasskeyPage, codePage, passwordPage } from '../pages/pages.ts'
import type { Passkeys } from './passkeys.ts'
import type { Passwords } from './password.ts'
import type { SealedStore, SignInEvent, UserStore } from '../ports.ts'
import { demandsTwoFactors } from '../sign-in-facts.ts'
import { readStep, type VouchedBy } from './steps.ts'
import type { Upstreams } from '../upstream/upstreams.ts'

/** What the sign-in pages need. */
export interface SignInContext {
  readonly app: string
  readonly issuerUrl: string
  readonly audience: string
  readonly provider: Provider
  readonly users: UserStore
  readonly store: SealedStore
  readonly passwords: Passwords
  readonly passkeys: Passkeys
  readonly attempts: Attempts
  readonly enrolments: Enrolments
  readonly upstreams: Upstreams
  /** Whether that account may still stand for this user: declared, and linked. */
  readonly mayVouch: (by: VouchedBy, user: string) => boolean
  /** Beside `call`. */
  readonly scopes: () => readonly string[]
  readonly nowSeconds: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Returns when the event is recorded; a sign-in that cannot be recorded does not happen. */
  readonly report: (event: SignInEvent) => void | Promise<void>
}

/** One request of a sign-in, with the interaction that its cookie names. */
export interface Visit {
  readonly context: SignInContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly interaction: Awaited<ReturnType<Provider['interactionDetails']>>
}

/** Shows the page of the step that the sign-in is at, with what was wrong, if anything. */
export async function showStep(visit: Visit, status: number, problem?: string): Promise<void> {
  const { context, response, interaction } = visit
  const { app, passkeys, store, users } = context
  const { uid } = interaction
  const step = readStep(store, uid)
  const user = step === undefined ? undefined : users.find(step.user)
  const view = { app, uid, ...(problem === undefined ? {} : { problem }) }
  send(response, status, await pageOf(), redirectOf(visit))

  async function pageOf(): Promise<string> {
    if (step === undefined || user === undefined) {
      return passwordPage({
        ...view,
        passkey: await passkeys.requestOptions(uid),
        upstreams: context.upstreams.names(),
      })
    }
    if (step.methods !== undefined) {
      return addPasskeyPage({ ...view, passkey: await passkeys.creationOptions(user, uid) })
    }
    const own = (user.passkeys ?? []).length > 0 ? { passkey: await passkeys.requestOptions(uid, user) } : {}
    const isDemanded = demandsTwoFactors(interaction.params)
    return codePage({ ...view, ...own, hasCode: user.totpSecret !== undefined, isDemanded })
  }
}

function redirectOf({ interaction }: Visit): string | undefined {
  const address = interaction.params['redirect_uri']
  return typeof address === 'string' ? address : undefined
}

/** The address of the connection; nothing that a client could write into a header. */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown'
}

/** Sends one of our pages. `redirectUri` is where a form on it may lead in the end. */
export function send(response: ServerResponse, status: number, body: string, redirectUri?: string): void {
  response.writeHead(status, { ...pageHeaders(redirectUri), 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Leads on to another address, as a GET. */
export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store', 'content-length': 0 }).end()
}
