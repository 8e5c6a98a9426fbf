import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import type { FlagParametersForType } from '@stricli/core'

import { type BoundToken, type HolderKey, makeHolderKey } from './bound/index.ts'
import { isRecord, localApi, statusOf } from './local-api.ts'
import { type StepUp, wordsOf } from './step-up.ts'
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

/** Who asks, and how they sign in more strongly where a challenge asks for it (RFC 9470). To spread into a call. */
export interface Asker {
  readonly person: BoundToken
  readonly stepUp: (wanted: StepUp) => Promise<BoundToken | undefined>
}

/**
 * The person who asks, with an access token that is bound to a key of this device: the user named, by the details that
 * the app's own issuer left for development, or else whoever signed in by `sallyport login`. Throws `cli.usage` when
 * there is neither, `cli.unknown_name` when the issuer has no such user.
 */
export async function askerFor(terminal: Needs, folder: string, flags: UserFlags): Promise<Asker> {
  const { as } = flags
  if (as === undefined) {
    return { person: await tokenOfLogin(terminal, folder), stepUp: (wanted) => loginAgain(terminal, folder, wanted) }
  }
  const onWait = (seconds: number): void =>
    terminal.process.stderr.write(`the last two codes of ${as} are used up: waiting ${seconds} s for the next one\n`)
  const named = { ...flags, as, onWait }
  return {
    person: await boundDevelopmentToken(folder, named),
    // Their sign-in is a moment old and as strong as the flags say: a scope is all that another one could add.
    stepUp: async ({ scope }) => (scope === undefined ? undefined : boundDevelopmentToken(folder, named, scope)),
  }
}

/** The same where nobody needs to ask: undefined when no user is named and nobody signed in. */
export async function askerIfAny(terminal: Needs, folder: string, flags: UserFlags): Promise<Asker | undefined> {
  if (flags.as !== undefined) return askerFor(terminal, folder, flags)
  const { issuer } = await statusOf(localApi(folder))
  const { loginFile } = await import('./login/index.ts')
  return loginFile(issuer, terminal.process.env).read() === undefined ? undefined : askerFor(terminal, folder, flags)
}

type Needs = Pick<Terminal, 'process' | 'ask'>

/** Only where somebody is there to agree: a program that waits for a browser would wait for ever. */
async function loginAgain(terminal: Needs, folder: string, wanted: StepUp): Promise<BoundToken | undefined> {
  if ((await terminal.ask(`This needs a sign-in ${wordsOf(wanted)}. Sign in again?`)) !== true) return undefined
  const { issuer, caFile } = await statusOf(localApi(folder))
  const { deviceLogin, loginFile } = await import('./login/index.ts')
  const file = loginFile(issuer, terminal.process.env)
  const kept = await deviceLogin({
    issuerUrl: issuer,
    key: file.deviceKey(),
    caPem: readFileSync(caFile, 'utf8'),
    stepUp: wanted,
    show: (address, code) => terminal.process.stderr.write(`Go to ${address} and enter ${code}\n`),
  })
  await file.whileHeld(async () => file.write(kept))
  return kept
}

const renewBeforeMs = 30_000

async function tokenOfLogin({ process }: Needs, folder: string): Promise<BoundToken> {
  const nobody = (): SallyportError => {
    const names = Object.keys(usersIn(folder) ?? {})
    const there = names.length === 0 ? '' : ` (there are ${names.join(', ')})`
    return new SallyportError('cli.usage', `this needs a person: name one by --as USER${there}, or run sallyport login`)
  }
  const { issuer, caFile } = await statusOf(localApi(folder))
  const { loginFile, refreshLogin } = await import('./login/index.ts')
  const file = loginFile(issuer, process.env)
  if (file.read() === undefined) throw nobody()
  return file.whileHeld(async () => {
    const kept = file.read()
    if (kept === undefined) throw nobody()
    if (kept.expiresAt - renewBeforeMs > Date.now()) return kept
    const renewed = await refreshLogin(kept, readFileSync(caFile, 'utf8'))
    if (renewed === undefined) {
      file.remove()
      throw nobody()
    }
    file.write(renewed)
    return renewed
  })
}

/** The same for a user whose details lie in the state folder, with a key for this one command. */
export async function boundDevelopmentToken(folder: string, wanted: Named, scope?: string): Promise<BoundToken> {
  const key = makeHolderKey()
  return { key, accessToken: await developmentToken(folder, wanted, key, scope) }
}

interface Named extends UserFlags {
  readonly as: string
  readonly onWait?: (seconds: number) => void
}

/** A token of such a user; a bearer token without a key. `scope` is asked for beside what every token has. */
export async function developmentToken(
  folder: string,
  { as: user, mfa, device, onWait }: Named,
  key?: HolderKey,
  scope?: string,
): Promise<string> {
  const { issuer, caFile } = await statusOf(localApi(folder))
  // Loaded when it is needed: most verbs never sign anybody in, and should not wait for what it brings along.
  const { signIn } = await import('./sign-in/index.ts')
  const caPem = readFileSync(caFile, 'utf8')
  const details = detailsOf(folder, user)
  const more = {
    ...(key === undefined ? {} : { key }),
    ...(scope === undefined ? {} : { scope }),
    ...(onWait === undefined ? {} : { onWait }),
  }
  return (await signIn({ issuerUrl: issuer, caPem, userName: user, details, mfa, device, ...more })).accessToken
}

/** How one user signs in. Its values are secrets. */
function detailsOf(folder: string, user: string): SignInDetails {
  const users = usersIn(folder)
  if (users === undefined) {
    const path = developmentFile(folder)
    throw new SallyportError('cli.no_sign_in', `${path} is not there or not readable; the embedded issuer makes it`)
  }
  const details = users[user]
  if (isDetails(details)) return details
  const names = Object.keys(users).join(', ')
  throw new SallyportError('cli.unknown_name', `the embedded issuer has no user ${user}; it has ${names}`)
}

/** What the embedded issuer made on its first run for the users of development; undefined where it made nothing. */
function usersIn(folder: string): Readonly<Record<string, unknown>> | undefined {
  let file: unknown
  try {
    file = JSON.parse(readFileSync(developmentFile(folder), 'utf8'))
  } catch {
    return undefined // not the cause itself: a parser's message quotes what it read
  }
  if (!isRecord(file)) return undefined
  return isRecord(file['users']) ? file['users'] : file
}

function developmentFile(folder: string): string {
  return join(stateFolder(folder), 'development-sign-in.json')
}

function isDetails(value: unknown): value is SignInDetails {
  return (
    isRecord(value) &&
    typeof value['password'] === 'string' &&
    typeof value['totpUri'] === 'string' &&
    isRecord(value['device'])
  )
}
