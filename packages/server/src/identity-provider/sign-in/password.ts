import { hash, verify } from '@node-rs/argon2'

/** 19 MiB, two passes, one lane: OWASP's first choice for argon2id, which is also the library's default kind. */
const work = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const maxPasswordBytes = 1_024
/** Hashes under way at once; each holds 19 MiB and a thread that others need too. */
const maxUnderWay = 8

/** Checks passwords in the same time for known and unknown users. */
export interface Passwords {
  /** `busy` when too many are under way: nothing was checked. */
  check(passwordHash: string | undefined, password: string): Promise<'right' | 'wrong' | 'busy'>
}

/** The hash to store. The same text typed on another keyboard gives the same password (RFC 8265: NFKC). */
export async function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), work)
}

/**
 * Prepares the check. Adversary: who measures the answer to learn which users exist; without a user,
 * the password is checked against a hash of something random, and the answer is `wrong` whatever comes out.
 */
export async function createPasswords(random: (bytes: number) => Uint8Array): Promise<Passwords> {
  const dummy = await hash(random(32), work)
  let underWay = 0
  return {
    async check(passwordHash, password) {
      if (Buffer.byteLength(password) > maxPasswordBytes) return 'wrong'
      if (underWay >= maxUnderWay) return 'busy'
      underWay++
      try {
        const isRight = await verify(passwordHash ?? dummy, password.normalize('NFKC'))
        return isRight && passwordHash !== undefined ? 'right' : 'wrong'
      } finally {
        underWay--
      }
    },
  }
}
