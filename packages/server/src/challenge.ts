import { contextKeys, type Deny } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'
import { powerOf } from '@sallyport/manifest'

import { stepUpChallenge } from './gateway/index.ts'

/** How to sign in for an administrative act that was refused for how its asker signed in; undefined for any other. */
export function challengeOf(app: App, code: string, { asked: [{ action, context }] }: Deny): string | undefined {
  const power = powerOf(action)
  const assurance = power === undefined ? undefined : app.administrationDemands?.[power]
  const mfa = context[contextKeys.mfa] === true
  return stepUpChallenge(code, { mfa, ...(assurance === undefined ? {} : { assurance }) })
}
