import { createHash } from 'node:crypto'

import type { UserStore } from '../ports.ts'

const count = 10
const codeBytes = 10
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567' // RFC 4648 §6: no 0, 1 or 8 to mistake

/** Codes for whoever loses their second factor: shown once, kept as hashes. */
export function makeRecoveryCodes(random: (bytes: number) => Uint8Array): {
  readonly codes: readonly string[]
  readonly hashes: readonly string[]
} {
  const codes = Array.from({ length: count }, () => spell(random(codeBytes)))
  return { codes, hashes: codes.map(hashOf) }
}

/** Uses a code up. True once for each: read, checked and put in one turn, so that of two at once one is the second. */
export function useRecoveryCode(users: UserStore, name: string, code: string): boolean {
  const user = users.find(name)
  const hash = hashOf(code)
  const left = user?.recoveryCodes ?? []
  if (user === undefined || !left.includes(hash)) return false
  users.put({ ...user, recoveryCodes: left.filter((other) => other !== hash) })
  return true
}

/** 80 bits of randomness, so that a fast hash keeps them. However it is typed: spaces and dashes do not count. */
function hashOf(code: string): string {
  const plain = code.toUpperCase().replaceAll(/[\s-]/g, '').slice(0, 64)
  return createHash('sha256').update(`sallyport recovery code ${plain}`).digest('hex')
}

/** Bytes in letters that a person can read out and type: four at a time. */
export function spell(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const text = (bits.match(/.{5}/g) ?? []).map((five) => letters[Number.parseInt(five, 2)] ?? '').join('')
  return (text.match(/.{4}/g) ?? []).join('-')
}
