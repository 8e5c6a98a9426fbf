import { boundDevelopmentToken, developmentToken } from '../../as-user.ts'
import type { BoundToken } from '../../bound/index.ts'
import type { RunningApp } from './running-app.ts'

/** How somebody signs in. */
export interface Strength {
  readonly mfa: boolean
  readonly device: boolean
}

/** An access token of a user, from the app's own issuer. */
export type Tokens = (app: RunningApp, user: string, strength?: Strength) => Promise<string>

/** With the password alone: enough for a customer. */
const plain: Strength = { mfa: false, device: false }

/**
 * Signs in once for each user and strength, and keeps the token for this run: a code of the second factor works
 * only once in 30 seconds, so every further sign-in would have to wait for the next one.
 */
export function tokens(): Tokens {
  const kept = new Map<string, Promise<string>>()
  return (app, user, strength = plain) => {
    const key = JSON.stringify([app.folder, user, strength])
    const token = kept.get(key) ?? developmentToken(app.folder, { as: user, ...strength })
    kept.set(key, token)
    return token
  }
}

/** A token that is bound to a key of this run; with both factors and the enrolled device unless said. */
export type BoundTokens = (app: RunningApp, user: string, strength?: Strength) => Promise<BoundToken>

const strong: Strength = { mfa: true, device: true }

/** The same for those who administer, whose tokens are bound to a key. */
export function boundTokens(): BoundTokens {
  const kept = new Map<string, Promise<BoundToken>>()
  return (app, user, strength = strong) => {
    const key = JSON.stringify([app.folder, user, strength])
    const token = kept.get(key) ?? boundDevelopmentToken(app.folder, { as: user, ...strength })
    kept.set(key, token)
    return token
  }
}
