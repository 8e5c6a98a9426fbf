import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import type { FlagParametersForType } from '@stricli/core'

import { isRecord, localApi, statusOf } from './local-api.ts'
import type { SignInDetails } from './sign-in/index.ts'
import { stateFolder, type Terminal } from './terminal.ts'

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

/**
 * An access token of the user named, from the app's own issuer, by the details that it left for development.
 * Throws `cli.usage` when nobody is named, `cli.unknown_name` when the issuer has no such user.
 */
export async function accessTokenFor(folder: string, { as: user, mfa, device }: UserFlags): Promise<string> {
  if (user === undefined) {
    const message = 'this changes a running server, so it needs a person: name one by --as USER'
    throw new SallyportError('cli.usage', message)
  }
  const { issuer, caFile } = await statusOf(localApi(folder))
  // Loaded when it is needed: most verbs never sign anybody in, and should not wait for what it brings along.
  const { signIn } = await import('./sign-in/index.ts')
  const caPem = readFileSync(caFile, 'utf8')
  const details = detailsOf(folder, user)
  return (await signIn({ issuerUrl: issuer, caPem, userName: user, details, mfa, device })).accessToken
}

/** Reads `development-sign-in.json`, which the embedded issuer made on its first run. Its values are secrets. */
function detailsOf(folder: string, user: string): SignInDetails {
  const path = join(stateFolder(folder), 'development-sign-in.json')
  let file: unknown
  try {
    file = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Not the cause itself: a parser's message quotes what it read.
    throw new SallyportError('cli.no_sign_in', `${path} is not there or not readable; the embedded issuer makes it`)
  }
  const users = isRecord(file) && isRecord(file['users']) ? file['users'] : file
  const details: unknown = isRecord(users) && Object.hasOwn(users, user) ? users[user] : undefined
  if (isDetails(details)) return details
  const names = isRecord(users) ? Object.keys(users).join(', ') : 'nobody'
  throw new SallyportError('cli.unknown_name', `the embedded issuer has no user ${user}; it has ${names}`)
}

function isDetails(value: unknown): value is SignInDetails {
  return (
    isRecord(value) &&
    typeof value['password'] === 'string' &&
    typeof value['totpUri'] === 'string' &&
    isRecord(value['device'])
  )
}
