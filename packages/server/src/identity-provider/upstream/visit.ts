import type { IncomingMessage, ServerResponse } from 'node:http'

import { SallyportError } from '@sallyport/core/access'

import { errorPage } from '../pages/pages.ts'
import type { UpstreamAccount } from '../ports.ts'
import { lifetimes } from '../protocol/configuration.ts'
import { startAttempts } from '../sign-in/attempts.ts'
import { hasSecondFactor, tooMany } from '../sign-in/factors.ts'
import { finish } from '../sign-in/finish.ts'
import { putStep, type Step } from '../sign-in/steps.ts'
import { addressOf, redirect, send, showStep, type SignInContext, type Visit } from '../sign-in/visit.ts'
import { maxAgeOf } from '../sign-in-facts.ts'
import { findLinked } from './links.ts'
import { endTrip, findTrip, putTrip } from './trips.ts'

/** `/upstream/NAME/callback?…`, where an upstream sends people back to. */
export function isUpstreamCallback(path: string): boolean {
  return callback.test(path)
}

const callback = /^\/upstream\/([a-z][a-z0-9-]{0,62})\/callback$/

/**
 * Leads an answer on to the sign-in that waits for it, where the browser's cookie shows whose it is. Adversary: who
 * sends somebody here with a code of their own; what it decides about is the next address, and nothing else.
 */
export function handleUpstreamCallback(
  { issuerUrl, store }: SignInContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname, search, searchParams } = new URL(request.url ?? '/', issuerUrl)
  if (request.method !== 'GET') return send(response, 405, errorPage('Not here', 'This address is for GET.'))
  const [, name = ''] = callback.exec(pathname) ?? []
  const trip = findTrip(store, searchParams.get('state') ?? '')
  if (trip === undefined) return send(response, 400, errorPage('This sign-in is over', 'Start again.'))
  redirect(response, `/interaction/${trip.uid}/upstream/${name}/answer${search}`)
}

/** Sends the person of this sign-in to an upstream, which knows of it nothing but a state. */
export async function goUpstream(visit: Visit, name: string): Promise<void> {
  const { context, interaction, request, response } = visit
  const { attempts, nowSeconds, store, upstreams } = context
  if (!upstreams.names().includes(name)) return send(response, 404, errorPage('Not here', 'There is no such page.'))
  if (!attempts.take(startAttempts(addressOf(request)))) {
    return refuse(visit, { status: 429, code: 'sign-in.too_many_attempts', upstream: name, words: tooMany })
  }
  try {
    // An upstream that is asked for an age has to state it (OpenID Connect Core §2, auth_time).
    const maxAge = maxAgeOf(interaction.params) ?? lifetimes.refreshSeconds
    const { address, state, trip } = await upstreams.begin(name, maxAge)
    putTrip(store, state, { ...trip, uid: interaction.uid }, nowSeconds())
    redirect(response, address)
  } catch (error) {
    await refuse(visit, refusalOf(error, name))
  }
}

/**
 * Takes what an upstream answered. Adversary: whoever brings a code, a state or a token of another sign-in, another
 * browser, another upstream, or for the second time; and an upstream that vouches for what is not its own.
 */
export async function takeAnswer(visit: Visit, name: string, search: string): Promise<void> {
  const { context, interaction, response } = visit
  const { nowSeconds, store, upstreams, users } = context
  const state = new URLSearchParams(search).get('state') ?? ''
  const trip = findTrip(store, state)
  if (trip === undefined || trip.uid !== interaction.uid || trip.upstream !== name) {
    return refuse(visit, { status: 400, code: 'sign-in.upstream_state', upstream: name, words: words.state })
  }
  endTrip(store, state)
  try {
    const { issuer, subject, hasTwoFactors, ...at } = await upstreams.complete(trip, state, search)
    const user = findLinked(users, { issuer, subject })
    if (user === undefined || user.disabled === true) {
      const known = user === undefined ? {} : { user: user.name }
      const code = 'sign-in.upstream_unlinked'
      return await refuse(visit, { status: 403, code, upstream: name, subject, words: words.unlinked, ...known })
    }
    const step: Step = { user: user.name, by: { upstream: name, issuer, subject, ...at } }
    if (hasTwoFactors) return await finish(visit, step, ['fed', 'mfa'])
    if (!hasSecondFactor(user)) return await finish(visit, step, ['fed'])
    putStep(store, interaction.uid, step, nowSeconds())
    redirect(response, `/interaction/${interaction.uid}`)
  } catch (error) {
    await refuse(visit, refusalOf(error, name))
  }
}

const words = {
  state: 'That answer belongs to no sign-in that waits for it here. Try again.',
  unlinked: 'That account is linked to nobody who may sign in here. An administrator links it.',
  'sign-in.upstream_refused': 'The other side did not sign you in.',
  'sign-in.upstream_answer': 'What the other side answered was not accepted.',
  'sign-in.upstream_unreachable': 'The other side cannot be asked at the moment.',
} as const

interface Refusal extends Partial<Pick<UpstreamAccount, 'subject'>> {
  readonly status: number
  readonly code: string
  readonly upstream: string
  readonly words: string
  readonly user?: string
  readonly detail?: string
}

function refusalOf(error: unknown, upstream: string): Refusal {
  if (!(error instanceof SallyportError) || !isTold(error.code)) throw error
  const { code, message: detail } = error
  const status = code === 'sign-in.upstream_unreachable' ? 502 : 403
  return { status, code, upstream, words: words[code], detail }
}

function isTold(code: string): code is Extract<keyof typeof words, `sign-in.${string}`> {
  return code.startsWith('sign-in.') && Object.hasOwn(words, code)
}

async function refuse(visit: Visit, { status, words: said, ...facts }: Refusal): Promise<void> {
  await visit.context.report({ event: 'refused', address: addressOf(visit.request), ...facts })
  return showStep(visit, status, said)
}
