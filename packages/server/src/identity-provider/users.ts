import { SallyportError } from '@sallyport/core/access'

import type { EnrolledDevice, Passkey, SealedStore, UpstreamAccount, User, UserStore } from './ports.ts'

const kind = 'user'

/** The people in a sealed store. Throws `identity_provider.user` for a name that could not be part of an ARN. */
export function createUserStore(store: SealedStore): UserStore {
  return {
    find: (name) => {
      const value = isUserName(name) ? store.get(kind, name) : undefined
      return value === undefined ? undefined : readUser(name, JSON.parse(value))
    },
    names: () => store.ids(kind).toSorted(),
    put: (user) => {
      if (!isUserName(user.name)) throw damaged(user.name, 'is not a plain name')
      store.put(kind, user.name, JSON.stringify(user))
    },
    remove: (name) => store.delete(kind, name),
  }
}

/** The names that tokens of the embedded issuer may carry. */
export function isUserName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
}

/** The store is ours and sealed, so what does not fit is damage, not an attack: it stops the sign-in. */
function readUser(name: string, value: unknown): User {
  if (!isRecord(value) || value['name'] !== name) throw damaged(name, 'is stored under another name')
  const { roles, passwordHash, totpSecret, devices } = value
  if (!isStrings(roles) || !Array.isArray(devices)) throw damaged(name, 'lacks roles or devices')
  if (passwordHash !== undefined && typeof passwordHash !== 'string') throw damaged(name, 'has a damaged password')
  if (totpSecret !== undefined && typeof totpSecret !== 'string') throw damaged(name, 'has a damaged second factor')
  const { passkeys = [], recoveryCodes = [], disabled = false, added = false } = value
  if (!Array.isArray(passkeys) || !isStrings(recoveryCodes)) {
    throw damaged(name, 'has damaged passkeys or recovery codes')
  }
  if (typeof disabled !== 'boolean' || typeof added !== 'boolean') throw damaged(name, 'is neither in nor out')
  return {
    name,
    roles,
    ...(passwordHash === undefined ? {} : { passwordHash }),
    devices: devices.map((device: unknown) => readDevice(name, device)),
    passkeys: passkeys.map((passkey: unknown) => readPasskey(name, passkey)),
    links: readLinks(name, value['links'] ?? []),
    recoveryCodes,
    disabled,
    added,
    ...(totpSecret === undefined ? {} : { totpSecret }),
  }
}

function readPasskey(name: string, value: unknown): Passkey {
  if (!isRecord(value)) throw damaged(name, 'has a damaged passkey')
  const { id, publicKey, counter, transports, syncable, createdAtSeconds } = value
  if (
    typeof id !== 'string' ||
    typeof publicKey !== 'string' ||
    typeof counter !== 'number' ||
    !isStrings(transports) ||
    typeof syncable !== 'boolean' ||
    typeof createdAtSeconds !== 'number'
  ) {
    throw damaged(name, 'has a damaged passkey')
  }
  return { id, publicKey, counter, transports, syncable, createdAtSeconds }
}

function readLinks(name: string, value: unknown): readonly UpstreamAccount[] {
  if (!Array.isArray(value)) throw damaged(name, 'has damaged links')
  return value.map((link: unknown) => {
    if (!isRecord(link)) throw damaged(name, 'has a damaged link')
    const { issuer, subject } = link
    if (typeof issuer !== 'string' || typeof subject !== 'string') throw damaged(name, 'has a damaged link')
    return { issuer, subject }
  })
}

function readDevice(name: string, value: unknown): EnrolledDevice {
  if (!isRecord(value)) throw damaged(name, 'has a damaged device')
  const { id, type, publicJwk, thumbprint } = value
  if (typeof id !== 'string' || typeof type !== 'string') throw damaged(name, 'has a damaged device')
  if (typeof thumbprint === 'string') return { id, type, thumbprint }
  if (!isRecord(publicJwk)) throw damaged(name, 'has a damaged device')
  return { id, type, publicJwk }
}

function damaged(name: string, what: string): SallyportError {
  return new SallyportError('identity_provider.user', `user “${name.slice(0, 64)}” ${what}`)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
