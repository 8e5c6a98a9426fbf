import { codeAttempts, passkeyAttempts, passwordAttempts } from './attempts.ts'
import { proveDevice } from '../protocol/device-proof.ts'
import { finish } from './finish.ts'
import { addressOf, redirect, showStep, type Visit } from './visit.ts'
import type { User } from '../ports.ts'
import { useRecoveryCode } from './recovery-codes.ts'
import { useCode } from './second-factor.ts'
import { dropStep, firstFactor, putStep, type Step } from './steps.ts'

type Form = ReadonlyMap<string, string>

/** The same words whether the user exists or not. */
const wrongPassword = 'That user name and password do not go together.'
const wrongCode = 'That code was not accepted. Each works once: wait for the next one.'
const wrongRecoveryCode = 'That recovery code was not accepted. Each works once.'
const wrongPasskey = 'That passkey was not accepted.'
/** The same for every counter and user: what it says must not tell which. */
export const tooMany = 'Too many attempts. Wait, at most an hour, and try again; each further failure waits longer.'

async function refuse(visit: Visit, status: number, code: string, user: string, problem: string): Promise<void> {
  const address = addressOf(visit.request)
  await visit.context.report({ event: 'refused', code, address, ...(user === '' ? {} : { user }) })
  return showStep(visit, status, problem)
}

/** Name and password; the device's own proof comes along. */
export async function takePassword(visit: Visit, form: Form): Promise<void> {
  const { context, request, response, interaction } = visit
  const { attempts, issuerUrl, nowSeconds, passwords, store, users } = context
  const { uid } = interaction
  const name = (form.get('user') ?? '').slice(0, 64)
  const address = addressOf(request)
  const keys = passwordAttempts(name, address, attempts.knows(name, address))
  if (!attempts.take(keys)) return refuse(visit, 429, 'sign-in.too_many_attempts', name, tooMany)
  const found = users.find(name)
  const user = found?.disabled === true ? undefined : found
  const verdict = await passwords.check(user?.passwordHash, form.get('password') ?? '')
  if (verdict === 'busy') return refuse(visit, 503, 'sign-in.busy', name, 'Too many sign-ins at once. Try again.')
  if (verdict !== 'right' || user === undefined) return refuse(visit, 403, 'sign-in.password', name, wrongPassword)
  attempts.succeed(keys)
  attempts.remember(user.name, address)
  const assertion = form.get('device_assertion') ?? ''
  const expected = { issuer: issuerUrl, nonce: uid, nowSeconds: nowSeconds() }
  const device = assertion === '' ? undefined : await proveDevice(assertion, user, expected)
  if (assertion !== '' && device === undefined) {
    // Not the end of the sign-in: a person on a device that cannot prove itself is a person on an unmanaged device.
    await context.report({ event: 'refused', code: 'sign-in.device', user: name, address })
  }
  const step: Step = { user: user.name, ...(device === undefined ? {} : { device }) }
  if (!hasSecondFactor(user)) return finish(visit, step, ['pwd'])
  putStep(store, uid, step, nowSeconds())
  redirect(response, `/interaction/${uid}`)
}

/** Whether somebody has what a second factor is proved by; recovery codes alone stand in for one that was lost. */
export function hasSecondFactor({ totpSecret, passkeys = [] }: User): boolean {
  return totpSecret !== undefined || passkeys.length > 0
}

/** The code of an authenticator. */
export async function takeCode(visit: Visit, form: Form, step: Step, user: User): Promise<void> {
  const { attempts, nowSeconds, store } = visit.context
  const keys = codeAttempts(user.name)
  if (!attempts.take(keys)) return refuse(visit, 429, 'sign-in.too_many_attempts', user.name, tooMany)
  if (!useCode(store, user, form.get('code') ?? '', nowSeconds())) {
    return refuse(visit, 403, 'sign-in.code', user.name, wrongCode)
  }
  attempts.succeed(keys)
  return proved(visit, form, step, [firstFactor(step), 'otp', 'mfa'])
}

/** A code for whoever lost their second factor; counted with the other codes, for it stands in for them. */
export async function takeRecoveryCode(visit: Visit, form: Form, step: Step, user: User): Promise<void> {
  const { attempts, users } = visit.context
  const keys = codeAttempts(user.name)
  if (!attempts.take(keys)) return refuse(visit, 429, 'sign-in.too_many_attempts', user.name, tooMany)
  if (!useRecoveryCode(users, user.name, form.get('recovery') ?? '')) {
    return refuse(visit, 403, 'sign-in.recovery_code', user.name, wrongRecoveryCode)
  }
  attempts.succeed(keys)
  return proved(visit, form, step, [firstFactor(step), 'otp', 'mfa'])
}

/** A passkey: beside the password, or alone, when the authenticator verified whose hand it was in. */
export async function takePasskey(visit: Visit, form: Form, step: Step | undefined): Promise<void> {
  const { context, interaction, request } = visit
  const { attempts, passkeys, users } = context
  const user = step === undefined ? undefined : users.find(step.user)
  const keys = passkeyAttempts(addressOf(request))
  if (!attempts.take(keys)) return refuse(visit, 429, 'sign-in.too_many_attempts', step?.user ?? '', tooMany)
  const holder = await passkeys.prove(interaction.uid, form.get('credential') ?? '', user)
  if (holder === undefined) return refuse(visit, 403, 'sign-in.passkey', step?.user ?? '', wrongPasskey)
  attempts.succeed(keys)
  if (step === undefined) return finish(visit, { user: holder.name }, ['hwk', 'user', 'mfa'])
  return finish(visit, step, [firstFactor(step), 'hwk', 'mfa'])
}

/** Both factors are proved; whoever asked for it adds a passkey, or changes the password, before anything else. */
async function proved(visit: Visit, form: Form, step: Step, methods: readonly string[]): Promise<void> {
  if (form.get('change_password') === 'yes') return changePassword(visit, step)
  if (form.get('add_passkey') !== 'yes') return finish(visit, step, methods)
  const { context, interaction, response } = visit
  putStep(context.store, interaction.uid, { ...step, methods }, context.nowSeconds())
  redirect(response, `/interaction/${interaction.uid}`)
}

const changeSeconds = 600

/** In place of the sign-in, which would end with everything else once the password is another. */
async function changePassword({ context, interaction, response }: Visit, { user: name }: Step): Promise<void> {
  const { enrolments, store, users } = context
  dropStep(store, interaction.uid)
  const roles = users.find(name)?.roles ?? []
  const wish = { purpose: 'change', user: name, roles, sets: ['password'], lifetimeSeconds: changeSeconds } as const
  redirect(response, new URL((await enrolments.open(wish)).link).pathname)
}
