import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Secret, TOTP } from 'otpauth'

import { hashPassword } from './sign-in/password.ts'
import type { User, UserStore } from './ports.ts'

/** What a developer needs to sign in as one of the example's users. Secret: it goes into one 0600 file. */
export interface DevelopmentSignIn {
  readonly password: string
  /** `otpauth://totp/…`, as authenticator apps read it. */
  readonly totpUri: string
  readonly device: { readonly id: string; readonly privateJwk: JWK }
}

/** Where the secrets come from, and the app that authenticator apps will show. */
export interface DevelopmentUsersOptions {
  /** Cryptographically secure random bytes. Device keys come from the platform's own generator. */
  readonly random: (bytes: number) => Uint8Array
  readonly app: string
}

/** Makes users with a random password, a TOTP seed and an enrolled device key each, and how to sign in as them. */
export async function createDevelopmentUsers(
  wanted: Readonly<Record<string, readonly string[]>>,
  options: DevelopmentUsersOptions,
): Promise<{
  readonly users: readonly User[]
  readonly signIn: { readonly users: Readonly<Record<string, DevelopmentSignIn>> }
}> {
  const made = await Promise.all(Object.entries(wanted).map(([name, roles]) => createUser(name, roles, options)))
  return {
    users: made.map(({ user }) => user),
    signIn: { users: Object.fromEntries(made.map(({ user, signIn }) => [user.name, signIn])) },
  }
}

/**
 * Makes the store hold the wanted users, and those whom an administrator added: new ones are created, roles follow the
 * manifest, others are removed. Returns how to sign in as those that were created (of the others nobody knows the
 * password any more), and whose roles changed or who is gone: what those hold must end.
 */
export async function provisionUsers(
  store: UserStore,
  wanted: Readonly<Record<string, readonly string[]>>,
  options: DevelopmentUsersOptions,
): Promise<{ readonly made: Readonly<Record<string, DevelopmentSignIn>>; readonly changed: readonly string[] }> {
  const changed: string[] = []
  const known = new Set(store.names())
  for (const name of known) {
    if (Object.hasOwn(wanted, name) || store.find(name)?.added === true) continue
    store.remove(name)
    changed.push(name)
  }
  const absent = Object.entries(wanted).filter(([name]) => !known.has(name))
  for (const [name, roles] of Object.entries(wanted)) {
    const user = known.has(name) ? store.find(name) : undefined
    if (user === undefined) continue
    if (isChanged(user.roles, roles)) changed.push(name)
    store.put({ ...user, roles, added: false })
  }
  const { users, signIn } = await createDevelopmentUsers(Object.fromEntries(absent), options)
  for (const user of users) store.put(user)
  return { made: signIn.users, changed }
}

function isChanged(before: readonly string[], after: readonly string[]): boolean {
  return before.toSorted().join(' ') !== after.toSorted().join(' ')
}

async function createUser(
  name: string,
  roles: readonly string[],
  { random, app }: DevelopmentUsersOptions,
): Promise<{ readonly user: User; readonly signIn: DevelopmentSignIn }> {
  const password = Buffer.from(random(18)).toString('base64url')
  const secret = new Secret({ buffer: Uint8Array.from(random(20)).buffer })
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const device = { id: `${name}-device-1`, type: 'laptop', publicJwk: await exportJWK(publicKey) }
  const passwordHash = await hashPassword(password)
  const totpUri = new TOTP({ issuer: `Sallyport ${app}`, label: name, secret }).toString()
  return {
    user: { name, roles, passwordHash, totpSecret: secret.base32, devices: [device] },
    signIn: { password, totpUri, device: { id: device.id, privateJwk: await exportJWK(privateKey) } },
  }
}
