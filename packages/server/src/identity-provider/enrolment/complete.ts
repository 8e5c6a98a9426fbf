import type { EnrolmentRecord } from '@sallyport/core/access'

import type { Passkeys } from '../sign-in/passkeys.ts'
import type { Passkey, User, UserStore } from '../ports.ts'
import { makeRecoveryCodes } from '../sign-in/recovery-codes.ts'
import type { Enrolment, Enrolments } from './enrolments.ts'

/** The second factor that was proved, if one was to be set. */
export type NewFactor = { readonly totpSecret: string } | { readonly passkey: Passkey }

/** What the end of an enrolment works on. */
export interface Completion {
  readonly users: UserStore
  readonly enrolments: Enrolments
  readonly passkeys: Passkeys
  readonly random: (bytes: number) => Uint8Array
  /** Resolves when it is in the ledger. */
  readonly record: (record: Omit<EnrolmentRecord, 'kind' | 'at'>) => Promise<void>
  /** Ends everything that the user holds. */
  readonly endAllOf: (user: string, reason: string) => Promise<void>
}

/**
 * Puts into force what was set, once: recorded first, then kept, and everything from before ends. Gives the new
 * recovery codes; undefined when somebody else was faster, or the user is not there any more.
 */
export async function complete(
  { users, enrolments, passkeys, random, record, endAllOf }: Completion,
  enrolment: Enrolment & { readonly user: string },
  factor: NewFactor | undefined,
  address: string,
): Promise<readonly string[] | undefined> {
  if (!enrolments.take(enrolment)) return undefined
  const { purpose, user: name, roles, sets, by, passwordHash } = enrolment
  const isNew = purpose === 'new-user' || purpose === 'first-administrator'
  try {
    await record({ event: 'enrolled', purpose, user: name, roles, sets, address, ...(by === undefined ? {} : { by }) })
  } catch (error) {
    enrolments.put(enrolment)
    throw error
  }
  const known = users.find(name)
  if (isNew ? known !== undefined : known === undefined) return undefined
  const before: User = known ?? { name, roles, devices: [], added: true }
  const { codes, hashes } = makeRecoveryCodes(random)
  if (factor !== undefined && 'passkey' in factor) passkeys.own(factor.passkey, name)
  const { totpSecret: _, ...rest } = before
  const withFactor =
    factor === undefined
      ? before
      : {
          ...rest,
          recoveryCodes: hashes,
          passkeys: 'passkey' in factor ? [factor.passkey] : [],
          ...('totpSecret' in factor ? { totpSecret: factor.totpSecret } : {}),
        }
  users.put({ ...withFactor, ...(passwordHash === undefined ? {} : { passwordHash }) })
  if (purpose === 'first-administrator') enrolments.markFirst()
  if (!isNew) await endAllOf(name, 'what they sign in with was set anew')
  return factor === undefined ? [] : codes
}
