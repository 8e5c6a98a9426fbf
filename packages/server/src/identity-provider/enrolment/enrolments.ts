import { createHash } from 'node:crypto'

import type { EnrolmentRecord } from '@sallyport/core/access'

import type { SealedStore } from '../ports.ts'
import { spell } from '../sign-in/recovery-codes.ts'

/** What somebody is to set anew. */
export type Settable = 'password' | 'factor'

/** Why, for whom, and for how long a link is to be good. */
export interface EnrolmentWish {
  readonly purpose: Exclude<EnrolmentRecord['purpose'], 'link' | 'unlink'>
  /** Absent for the first administrator alone, who chooses a name. */
  readonly user?: string
  readonly roles: readonly string[]
  readonly sets: readonly Settable[]
  /** ARN of who asked for it. */
  readonly by?: string
  readonly lifetimeSeconds: number
}

/** An enrolment under way. Sealed at rest: it holds what is not in force yet. */
export interface Enrolment extends Omit<EnrolmentWish, 'lifetimeSeconds'> {
  /** SHA-256 of the code in its link. */
  readonly id: string
  readonly expiresAtSeconds: number
  /** SHA-256 of the cookie of the browser that began it; nobody else may go on. */
  readonly browser?: string
  /** Argon2id of the new password. */
  readonly passwordHash?: string
  /** The second factor that is offered, base32. */
  readonly totpSecret?: string
  /** What was proved of what is kept. */
  readonly proved: readonly Settable[]
}

/** A link that sets what somebody signs in with. Whoever has it may use it, once. Secret. */
export interface EnrolmentLink {
  readonly link: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** The links that are open; one for each user. */
export interface Enrolments {
  /** Records it, and makes the link; the one before it for the same user is good no more. */
  readonly open: (wish: EnrolmentWish) => Promise<EnrolmentLink>
  /** The enrolment that a code opens; undefined when it was used, is too old, or never was. */
  readonly find: (code: string) => Enrolment | undefined
  readonly put: (enrolment: Enrolment) => void
  /** True once: for whoever ends it. */
  readonly take: (enrolment: Enrolment) => boolean
  /** Of a user, or of the first administrator: ends the link unused. */
  readonly close: (user?: string) => void
  /** The first administrator is made once. */
  readonly markFirst: () => void
  readonly firstIsMade: () => boolean
  /** Names of users who do not exist before they have enrolled. */
  readonly invited: () => readonly { readonly name: string; readonly roles: readonly string[] }[]
}

/** What they are kept in and made of. */
export interface EnrolmentsOptions {
  readonly issuerUrl: string
  readonly store: SealedStore
  readonly nowSeconds: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Resolves when it is in the ledger. */
  readonly record: (record: Omit<EnrolmentRecord, 'kind' | 'at'>) => Promise<void>
}

/** 80 random bits: guessing is counted, and a person can type it. */
const codeBytes = 10
const kind = 'enrolment'
const ofUser = 'enrolment-of'
const firstKind = 'first-administrator'
/** No user can be called so. */
const first = ':first'

/** Opens the desk. Codes are kept as hashes only. */
export function openEnrolments({ issuerUrl, store, nowSeconds, random, record }: EnrolmentsOptions): Enrolments {
  const read = (id: string): Enrolment | undefined => {
    const value = store.get(kind, id)
    return value === undefined ? undefined : JSON.parse(value)
  }
  const put = (enrolment: Enrolment): void => {
    const { id, user = first, expiresAtSeconds } = enrolment
    store.put(kind, id, JSON.stringify(enrolment), expiresAtSeconds)
    store.put(ofUser, user, id, expiresAtSeconds)
  }
  const close = (user = first): void => {
    const id = store.get(ofUser, user)
    if (id !== undefined) store.delete(kind, id)
    store.delete(ofUser, user)
  }
  return {
    open: async ({ lifetimeSeconds, ...wish }) => {
      const code = spell(random(codeBytes))
      const expiresAtSeconds = nowSeconds() + lifetimeSeconds
      const expiresAt = expiresAtSeconds * 1_000
      await record({ event: 'opened', ...wish, expiresAt })
      close(wish.user)
      put({ ...wish, id: hashed(code), expiresAtSeconds, proved: [] })
      return { link: `${issuerUrl}/enrolment/${code}`, expiresAt }
    },
    find: (code) => read(hashed(code)),
    put,
    take: ({ id, user = first }) => {
      if (store.get(kind, id) === undefined) return false
      store.delete(kind, id)
      if (store.get(ofUser, user) === id) store.delete(ofUser, user)
      return true
    },
    close,
    markFirst: () => store.put(firstKind, 'made', String(nowSeconds())),
    firstIsMade: () => store.get(firstKind, 'made') !== undefined,
    invited: () =>
      store.ids(ofUser).flatMap((name) => {
        const found = read(store.get(ofUser, name) ?? '')
        return found?.purpose === 'new-user' ? [{ name, roles: found.roles }] : []
      }),
  }
}

/** However it is typed: case and dashes do not count. */
function hashed(code: string): string {
  return createHash('sha256')
    .update(`sallyport enrolment ${code.toUpperCase().replaceAll('-', '')}`)
    .digest('base64url')
}
