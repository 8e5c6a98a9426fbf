import { lifetimes, resourceScope } from '../protocol/configuration.ts'
import { addressOf, type Visit } from './visit.ts'
import { contextOf, demandsTwoFactors, maxAgeOf, rememberFacts } from '../sign-in-facts.ts'
import { dropStep, type Step } from './steps.ts'

/** Somebody who proved themselves elsewhere for this very request takes so long to be back. */
const wayBackSeconds = 60

/** The sign-in is done: makes its grant, remembers what was proved, records it, and leads back to the client. */
export async function finish(visit: Visit, step: Step, methods: readonly string[]): Promise<void> {
  const { context, interaction, request, response } = visit
  if (demandsTwoFactors(interaction.params) && !methods.includes('mfa')) {
    return unmet(visit, step, 'sign-in.factor_required', 'two factors were not proved')
  }
  // Somebody may have been unlinked since the upstream vouched.
  if (step.by !== undefined && !context.mayVouch(step.by, step.user)) {
    return unmet(visit, step, 'sign-in.upstream_unlinked', 'the account is linked no more')
  }
  const now = context.nowSeconds()
  const provedAt = provedAtSeconds(step, methods, now)
  if (!isYoungEnough(provedAt, now, maxAgeOf(interaction.params))) {
    return unmet(visit, step, 'sign-in.upstream_age', 'the sign-in elsewhere is too old, or of unknown age')
  }
  const { audience, provider, store } = context
  const clientId = interaction.params['client_id']
  if (typeof clientId !== 'string') throw new TypeError('an interaction without a client')
  dropStep(store, interaction.uid)
  const grant = new provider.Grant({ accountId: step.user, clientId })
  grant.addOIDCScope('openid offline_access')
  // Who signs in consents to what the client asked for; the client is one of the manifest's own.
  grant.addResourceScope(audience, [resourceScope, ...context.scopes()].join(' '))
  const grantId = await grant.save()
  const authenticatedAtSeconds = provedAt ?? now
  const sessionId = Buffer.from(context.random(16)).toString('hex')
  const device = step.device === undefined ? {} : { device: step.device }
  const by = step.by === undefined ? {} : { by: step.by }
  const facts = { sessionId, methods, authenticatedAtSeconds, ...device, ...by }
  rememberFacts(store, grantId, facts, now + lifetimes.refreshSeconds)
  await context.report({
    event: 'signed-in',
    code: 'sign-in.done',
    user: step.user,
    address: addressOf(request),
    sessionId,
    methods,
    ...(step.device === undefined ? {} : { device: step.device.id }),
    ...(step.by === undefined ? {} : { upstream: step.by.upstream, subject: step.by.subject }),
  })
  const login = { accountId: step.user, amr: [...methods], acr: contextOf(methods), ts: authenticatedAtSeconds }
  await provider.interactionFinished(request, response, { login: { ...login, remember: false }, consent: { grantId } })
}

/** As the client asks, or as ours sign in anew; of unknown age where nobody asks alone. */
function isYoungEnough(provedAt: number | undefined, now: number, maxAge: number | undefined): boolean {
  if (provedAt === undefined) return maxAge === undefined
  return now - provedAt <= (maxAge ?? lifetimes.refreshSeconds) + wayBackSeconds
}

/**
 * When the person proved themselves: now, where they proved anything here; else when the upstream says they did, which
 * may be long ago where it keeps people signed in. Undefined where it does not say.
 */
function provedAtSeconds({ by }: Step, methods: readonly string[], now: number): number | undefined {
  const isHere = by === undefined || methods.some((one) => one !== 'fed' && one !== 'mfa')
  return isHere ? now : by.authenticatedAtSeconds
}

/**
 * The client asked for a context that this sign-in did not reach, as one does who was told by a challenge: less would
 * only be refused again (RFC 9470 §5, OpenID Connect Core Unmet Authentication Requirements).
 */
async function unmet(
  { context, interaction, request, response }: Visit,
  { user }: Step,
  code: string,
  description: string,
): Promise<void> {
  dropStep(context.store, interaction.uid)
  await context.report({ event: 'refused', code, user, address: addressOf(request) })
  const error = { error: 'unmet_authentication_requirements', error_description: description }
  await context.provider.interactionFinished(request, response, error)
}
