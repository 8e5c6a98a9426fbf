import { SallyportError } from '@sallyport/core/access'
import type { FlagParametersForType } from '@stricli/core'

import type { Terminal } from './terminal.ts'

/** Who asks, and how strongly they sign in. */
export interface UserFlags {
  readonly as?: string
  readonly mfa: boolean
  readonly device: boolean
}

/** Their definition, to spread into a verb's own. */
export const userFlags: FlagParametersForType<UserFlags, Terminal> = {
  as: {
    kind: 'parsed',
    parse: String,
    brief: 'Sign in as this user of the embedded issuer',
    optional: true,
    placeholder: 'USER',
  },
  mfa: { kind: 'boolean', brief: 'Prove a second factor; --no-mfa signs in with the password alone', default: true },
  device: { kind: 'boolean', brief: 'Prove the enrolled device; --no-device leaves it out', default: true },
}

/** An access token of the user named, from the app's own issuer. Throws `cli.usage` when nobody is named. */
export async function accessTokenFor(folder: string, { as: user, mfa, device }: UserFlags): Promise<string> {
  if (user === undefined) {
    throw new SallyportError('cli.usage', 'this changes a running server, so it needs a person: name one', {
      fix: '--as USER',
    })
  }
  // Loaded when it is needed: most verbs never sign anybody in, and should not wait for what it brings along.
  const { signIn } = await import('./sign-in/index.ts')
  return (await signIn({ folder, user, mfa, device })).accessToken
}
