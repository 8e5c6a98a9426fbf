import type { IncomingMessage, ServerResponse } from 'node:http'

import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'

import { takeCode, takePasskey, takePassword, takeRecoveryCode } from './factors.ts'
import { finish } from './finish.ts'
import { readForm } from '../pages/form.ts'
import { errorPage } from '../pages/pages.ts'
import type { User } from '../ports.ts'
import { goUpstream, takeAnswer } from '../upstream/visit.ts'
import { firstFactor, readStep, type Step } from './steps.ts'
import { redirect, send, showStep, type SignInContext, type Visit } from './visit.ts'

/** One step of one sign-in: `UID`, `UID/ACTION`, `UID/upstream/NAME`, `UID/upstream/NAME/answer?…`. */
const path =
  /^\/interaction\/([A-Za-z0-9_-]{1,64})(?:\/upstream\/([a-z][a-z0-9-]{0,62})(?:\/answer(\?[^#]*))?|\/([a-z-]{1,32}))?$/

/** Answers `/interaction/…`: shows the page of the step that a sign-in is at, and takes its forms. */
export async function handleInteraction(
  context: SignInContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, uid, upstream, answer, action] = path.exec(request.url ?? '') ?? []
  const interaction = uid === undefined ? undefined : await findInteraction(context.provider, request, response)
  // The cookie, not the address, says which sign-in this is: an address can be given to somebody else.
  if (uid === undefined || interaction === undefined || interaction.uid !== uid) {
    return send(response, 400, errorPage('This sign-in is over', 'It took too long or was finished. Start again.'))
  }
  const visit: Visit = { context, request, response, interaction }
  if (action === undefined && upstream === undefined && request.method === 'GET') return showStep(visit, 200)
  if (upstream !== undefined && request.method === 'GET') {
    return answer === undefined ? goUpstream(visit, upstream) : takeAnswer(visit, upstream, answer)
  }
  if (request.method !== 'POST') return send(response, 405, errorPage('Not here', 'This address takes a form.'))
  const form = await readForm(request, new URL(context.issuerUrl).origin)
  if ('status' in form) return send(response, form.status, errorPage('Not accepted', 'The form was not accepted.'))
  const step = readStep(context.store, uid)
  if (action === 'password') return takePassword(visit, form)
  if (action === 'passkey') return takePasskey(visit, form, step)
  if (action === undefined || !Object.hasOwn(afterPassword, action)) {
    return send(response, 404, errorPage('Not here', 'There is no such page.'))
  }
  const user = step === undefined ? undefined : context.users.find(step.user)
  if (step === undefined || user === undefined) return redirect(response, `/interaction/${uid}`)
  return afterPassword[action]?.(visit, form, step, user)
}

type Taking = (visit: Visit, form: ReadonlyMap<string, string>, step: Step, user: User) => Promise<void>

/** What may be posted once the password was right. */
const afterPassword: Readonly<Record<string, Taking>> = {
  code: takeCode,
  recovery: takeRecoveryCode,
  /** Allowed, and said: the token claims the first factor alone, and what demands MFA refuses it. */
  'without-second-factor': (visit, _, step) => finish(visit, step, step.methods ?? [firstFactor(step)]),
  'skip-passkey': (visit, _, step) => finish(visit, step, step.methods ?? [firstFactor(step)]),
  'add-passkey': async (visit, form, step, user) => {
    const { methods } = step
    // Only behind both factors: a password alone must not make itself a second one.
    if (methods?.includes('mfa') !== true) return showStep(visit, 403)
    const { passkeys } = visit.context
    const isAdded = await passkeys.add(user, visit.interaction.uid, form.get('credential') ?? '')
    if (!isAdded) return showStep(visit, 403, 'The passkey was not accepted. Try again, or continue without.')
    return finish(visit, step, methods)
  },
}

async function findInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Visit['interaction'] | undefined> {
  try {
    return await provider.interactionDetails(request, response)
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined
    throw error
  }
}
