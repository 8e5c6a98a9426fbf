import { randomBytes } from 'node:crypto'

import type { User, UserStore } from '../ports.ts'
import { makeRecoveryCodes } from '../sign-in/recovery-codes.ts'

/** Puts a user with recovery codes, and gives the codes. Tests only. */
export function putWithRecoveryCodes(users: UserStore, user: User): string[] {
  const { codes, hashes } = makeRecoveryCodes(randomBytes)
  users.put({ ...user, recoveryCodes: hashes })
  return [...codes]
}
