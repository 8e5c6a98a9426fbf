import { createHash } from 'node:crypto'

import { hasSecondFactor } from '../sign-in/factors.ts'
import type { User, UserStore } from '../ports.ts'
import type { Enrolment } from './enrolments.ts'

/** What an enrolment asks for next. */
export type Stage = 'password' | 'known-password' | 'factor' | 'known-factor' | 'done' | 'over'

/**
 * Who sets one of the two proves the other, so that a link alone, also in the hands of whoever gave it out, is no way
 * into an account that stands. Only a link that sets both, or makes somebody, asks for nothing else.
 */
export function stageOf(enrolment: Enrolment, users: UserStore): Stage {
  const { purpose, sets, proved, passwordHash } = enrolment
  const user = standing(enrolment, users)
  const isNew = purpose === 'new-user' || purpose === 'first-administrator'
  if (isNew ? user !== undefined : user === undefined || user.disabled === true) return 'over'
  if (sets.includes('password') && passwordHash === undefined) return 'password'
  // Who changes their own has just signed in with both.
  if (purpose === 'change') return 'done'
  if (!sets.includes('password') && !proved.includes('password')) return 'known-password'
  if (sets.includes('factor')) return 'factor'
  return user !== undefined && hasSecondFactor(user) && !proved.includes('factor') ? 'known-factor' : 'done'
}

/** The user that it is about, as they are now. */
export function standing({ user }: Enrolment, users: UserStore): User | undefined {
  return user === undefined ? undefined : users.find(user)
}

/** True for the browser that began it, and for any while none has. Adversary: who learns of the link half way. */
export function mayGoOn({ browser }: Enrolment, cookie: string | undefined): boolean {
  return browser === undefined || (cookie !== undefined && browserId(cookie) === browser)
}

/** What is kept of the cookie. */
export function browserId(cookie: string): string {
  return createHash('sha256').update(`sallyport enrolment browser ${cookie}`).digest('base64url')
}
