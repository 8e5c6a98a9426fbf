import type { IncomingMessage, ServerResponse } from 'node:http'

import { Secret, TOTP } from 'otpauth'

import { codeAttempts, enrolmentAttempts, passwordAttempts } from '../sign-in/attempts.ts'
import { tooMany } from '../sign-in/factors.ts'
import { readForm } from '../pages/form.ts'
import { errorPage } from '../pages/pages.ts'
import { hashPassword } from '../sign-in/password.ts'
import { useRecoveryCode } from '../sign-in/recovery-codes.ts'
import { useCode } from '../sign-in/second-factor.ts'
import { isUserName } from '../users.ts'
import { addressOf, redirect, send, type SignInContext } from '../sign-in/visit.ts'
import { complete, type Completion, type NewFactor } from './complete.ts'
import type { Enrolment } from './enrolments.ts'
import { enrolledPage, knownFactorPage, knownPasswordPage, newFactorPage, newPasswordPage } from './pages.ts'
import { passwordFault } from './password-rule.ts'
import { browserId, mayGoOn, type Stage, stageOf, standing } from './stage.ts'

/** What the pages need. */
export interface EnrolmentContext extends Omit<SignInContext, 'provider' | 'audience'>, Completion {
  /** True for a name that something else goes by: a program's tokens carry it as a person's do. */
  readonly isTaken: (name: string) => boolean
}

/** One request of an enrolment. */
interface Visit {
  readonly context: EnrolmentContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly enrolment: Enrolment
  readonly path: string
}

type Form = ReadonlyMap<string, string>

/** True for the addresses of these pages. */
export function isEnrolment(request: IncomingMessage): boolean {
  return request.url?.startsWith('/enrolment/') === true
}

/**
 * Answers `/enrolment/CODE` and its forms. Nothing happens by looking: programs that open links in messages use none.
 * Adversary: who guesses codes, who finds a link that was used or begun, and another site that posts a form.
 */
export async function handleEnrolment(
  context: EnrolmentContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { attempts, enrolments, issuerUrl, users } = context
  const [, code = '', action] = /^\/enrolment\/([A-Za-z2-7-]{1,32})(?:\/([a-z-]{1,32}))?$/.exec(request.url ?? '') ?? []
  const keys = enrolmentAttempts(addressOf(request))
  if (!attempts.take(keys)) return send(response, 429, errorPage('Too many attempts', tooMany))
  const enrolment = enrolments.find(code)
  if (enrolment === undefined || stageOf(enrolment, users) === 'over') return over(response)
  attempts.succeed(keys)
  const path = `/enrolment/${code}`
  const visit: Visit = { context, request, response, enrolment, path }
  if (!mayGoOn(enrolment, cookieIn(request, enrolment))) {
    await refused(visit, 'enrolment.other_browser')
    return send(
      response,
      403,
      errorPage('Begun elsewhere', 'This was begun in another browser. Go on there, or ask anew.'),
    )
  }
  if (action === undefined && request.method === 'GET') return show(visit, 200)
  if (request.method !== 'POST') return send(response, 405, errorPage('Not here', 'This address takes a form.'))
  const form = await readForm(request, new URL(issuerUrl).origin)
  if ('status' in form) return send(response, form.status, errorPage('Not accepted', 'The form was not accepted.'))
  const taking = action !== undefined && Object.hasOwn(forms, action) ? forms[action] : undefined
  if (taking === undefined) return send(response, 404, errorPage('Not here', 'There is no such page.'))
  // A form of an earlier page, sent again.
  if (taking.at !== stageOf(enrolment, users)) return redirect(response, path)
  return taking.take(visit, form)
}

const forms: Readonly<
  Record<string, { readonly at: Stage; readonly take: (visit: Visit, form: Form) => Promise<void> }>
> = {
  password: { at: 'password', take: takeNewPassword },
  'known-password': { at: 'known-password', take: takeKnownPassword },
  code: { at: 'factor', take: takeNewCode },
  passkey: { at: 'factor', take: takeNewPasskey },
  'known-code': { at: 'known-factor', take: (visit, form) => takeKnownCode(visit, form, 'code') },
  recovery: { at: 'known-factor', take: (visit, form) => takeKnownCode(visit, form, 'recovery') },
  'known-passkey': { at: 'known-factor', take: takeKnownPasskey },
}

async function takeNewPassword(visit: Visit, form: Form): Promise<void> {
  const { context, enrolment } = visit
  const [password, typed] = [form.get('password') ?? '', (form.get('user') ?? '').trim()]
  const user = enrolment.user ?? typed
  if (enrolment.user === undefined) {
    if (!isUserName(user)) return show(visit, 400, 'A user name has letters, digits, dots, dashes; 64 at most.')
    if (context.isTaken(user) || context.users.find(user) !== undefined) return show(visit, 400, 'That name is taken.')
  }
  const fault = passwordFault(password, [user, context.app])
  if (fault !== undefined) return show(visit, 400, fault.words)
  if (password !== form.get('again')) return show(visit, 400, 'The two are not the same.')
  return goOn(visit, { ...enrolment, user, passwordHash: await hashPassword(password) })
}

async function takeKnownPassword(visit: Visit, form: Form): Promise<void> {
  const { context, enrolment, request } = visit
  const { attempts, passwords, users } = context
  const user = standing(enrolment, users)
  const name = enrolment.user ?? ''
  const address = addressOf(request)
  const keys = passwordAttempts(name, address, attempts.knows(name, address))
  if (!attempts.take(keys)) return refused(visit, 'sign-in.too_many_attempts', 429, tooMany)
  const verdict = await passwords.check(user?.passwordHash, form.get('password') ?? '')
  if (verdict === 'busy') return refused(visit, 'sign-in.busy', 503, 'Too many at once. Try again.')
  if (verdict !== 'right') return refused(visit, 'sign-in.password', 403, 'That is not the password.')
  attempts.succeed(keys)
  return goOn(visit, { ...enrolment, proved: [...enrolment.proved, 'password'] })
}

async function takeNewCode(visit: Visit, form: Form): Promise<void> {
  const { context, enrolment } = visit
  const { attempts, nowSeconds, store } = context
  const { user: name = '', totpSecret } = enrolment
  if (totpSecret === undefined) return show(visit, 400)
  const keys = codeAttempts(`${enrolment.id} new`)
  if (!attempts.take(keys)) return refused(visit, 'sign-in.too_many_attempts', 429, tooMany)
  if (!useCode(store, { name, totpSecret }, form.get('code') ?? '', nowSeconds())) {
    return refused(visit, 'sign-in.code', 403, 'That code does not fit the key. Wait for the next one.')
  }
  attempts.succeed(keys)
  return end(visit, enrolment, { totpSecret })
}

async function takeNewPasskey(visit: Visit, form: Form): Promise<void> {
  const { context, enrolment } = visit
  const passkey = await context.passkeys.create({}, enrolment.id, form.get('credential') ?? '')
  if (passkey === undefined) return refused(visit, 'sign-in.passkey', 403, 'The passkey was not accepted. Try again.')
  return end(visit, enrolment, { passkey })
}

async function takeKnownCode(visit: Visit, form: Form, kind: 'code' | 'recovery'): Promise<void> {
  const { context, enrolment } = visit
  const { attempts, nowSeconds, store, users } = context
  const user = standing(enrolment, users)
  if (user === undefined) return over(visit.response)
  const keys = codeAttempts(user.name)
  if (!attempts.take(keys)) return refused(visit, 'sign-in.too_many_attempts', 429, tooMany)
  const typed = form.get(kind) ?? ''
  const isRight = kind === 'code' ? useCode(store, user, typed, nowSeconds()) : useRecoveryCode(users, user.name, typed)
  if (!isRight) return refused(visit, kind === 'code' ? 'sign-in.code' : 'sign-in.recovery_code', 403, wrongCode)
  attempts.succeed(keys)
  return goOn(visit, { ...enrolment, proved: [...enrolment.proved, 'factor'] })
}

async function takeKnownPasskey(visit: Visit, form: Form): Promise<void> {
  const { context, enrolment } = visit
  const user = standing(enrolment, context.users)
  const holder =
    user === undefined ? undefined : await context.passkeys.prove(enrolment.id, form.get('credential') ?? '', user)
  if (holder === undefined) return refused(visit, 'sign-in.passkey', 403, 'That passkey was not accepted.')
  return goOn(visit, { ...enrolment, proved: [...enrolment.proved, 'factor'] })
}

const wrongCode = 'That code was not accepted. Each works once.'

/** Keeps what was reached, for this browser alone, and leads to what is next. */
async function goOn(visit: Visit, reached: Enrolment): Promise<void> {
  const { context, response, path } = visit
  const { enrolments, random, users } = context
  // The work above took its time; meanwhile the link may have been used, or closed.
  const latest = enrolments.find(path.slice('/enrolment/'.length))
  if (latest === undefined || latest.browser !== visit.enrolment.browser) return over(response)
  let next = reached
  if (reached.browser === undefined) {
    const cookie = Buffer.from(random(16)).toString('base64url')
    next = { ...reached, browser: browserId(cookie) }
    response.setHeader('set-cookie', `${cookieName(reached)}=${cookie}; Path=/; Secure; HttpOnly; SameSite=Lax`)
  }
  enrolments.put(next)
  return stageOf(next, users) === 'done' ? end(visit, next, undefined) : redirect(response, path)
}

async function end(visit: Visit, enrolment: Enrolment, factor: NewFactor | undefined): Promise<void> {
  const { context, request, response } = visit
  const { user } = enrolment
  const codes =
    user === undefined ? undefined : await complete(context, { ...enrolment, user }, factor, addressOf(request))
  if (user === undefined || codes === undefined) return over(response)
  send(response, 200, enrolledPage({ app: context.app, user, codes }))
}

async function show(visit: Visit, status: number, problem?: string): Promise<void> {
  const { context, response, enrolment, path } = visit
  const { app, enrolments, passkeys, random, users } = context
  const user = standing(enrolment, users)
  const { user: name } = enrolment
  const view = {
    app,
    path,
    ...(name === undefined ? {} : { user: name }),
    ...(problem === undefined ? {} : { problem }),
  }
  switch (stageOf(enrolment, users)) {
    case 'password':
      return send(response, status, newPasswordPage(view))
    case 'known-password':
      return send(response, status, knownPasswordPage(view))
    case 'known-factor': {
      const own =
        (user?.passkeys ?? []).length > 0 ? { passkey: await passkeys.requestOptions(enrolment.id, user) } : {}
      return send(response, status, knownFactorPage({ ...view, ...own, hasCode: user?.totpSecret !== undefined }))
    }
    case 'factor': {
      const secret = enrolment.totpSecret ?? new Secret({ buffer: Uint8Array.from(random(20)).buffer }).base32
      if (enrolment.totpSecret === undefined) enrolments.put({ ...enrolment, totpSecret: secret })
      const label = name ?? ''
      const totpUri = new TOTP({ issuer: `Sallyport ${app}`, label, secret: Secret.fromBase32(secret) }).toString()
      const passkey = await passkeys.creationOptions({ name: label, passkeys: [] }, enrolment.id)
      return send(response, status, newFactorPage({ ...view, totpUri, secret, passkey }))
    }
    case 'done':
      return end(visit, enrolment, undefined)
    case 'over':
      return over(response)
  }
}

async function refused(visit: Visit, code: string, status?: number, problem?: string): Promise<void> {
  const { context, enrolment, request } = visit
  const user = enrolment.user === undefined ? {} : { user: enrolment.user }
  await context.report({ event: 'refused', code, address: addressOf(request), ...user })
  if (status !== undefined) return show(visit, status, problem)
}

function over(response: ServerResponse): void {
  const words = 'This link was used, is too old, or was never given out. Ask for another one.'
  send(response, 404, errorPage('This link is good no more', words))
}

/** One for each enrolment, so that two in one browser do not end each other. */
function cookieName({ id }: Enrolment): string {
  return `__Host-enrolment-${id.slice(0, 12)}`
}

function cookieIn({ headers }: IncomingMessage, enrolment: Enrolment): string | undefined {
  const name = `${cookieName(enrolment)}=`
  return (headers.cookie ?? '')
    .split('; ')
    .find((pair) => pair.startsWith(name))
    ?.slice(name.length)
}
