import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

import { SallyportError } from '@sallyport/core/access'

/** The client's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), without channel binding. */
export interface Scram {
  /** `client-first-message`. */
  readonly first: string
  /** `client-final-message` for the server's first. Rejects with `upstream.login` for one that will not do. */
  final(serverFirst: string): Promise<string>
  /** Throws `upstream.login` unless the server proves that it knows the password as well. */
  verify(serverFinal: string): void
}

/** More would be a server that wants to keep us busy; PostgreSQL asks for 4096 unless told otherwise. */
const maxIterations = 1_000_000

/** `nonce` is fresh for every exchange: printable ASCII without a comma. */
export function startScram(user: string, password: string, nonce: string): Scram {
  const bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  let expected: Buffer | undefined
  return {
    first: `n,,${bare}`,
    final: async (serverFirst) => {
      const [, whole = '', salt = '', count = ''] =
        /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,8})(?:,|$)/.exec(serverFirst) ?? []
      const iterations = Number(count)
      if (!whole.startsWith(nonce) || whole.length <= nonce.length || iterations < 4096 || iterations > maxIterations) {
        throw refused('the server began the exchange in a way that will not do')
      }
      // RFC 4013 asks for SASLprep; for text that it leaves alone, which passwords are, NFKC is the same.
      const salted = await promisify(pbkdf2)(
        password.normalize('NFKC'),
        Buffer.from(salt, 'base64'),
        iterations,
        32,
        'sha256',
      )
      const clientKey = hmac(salted, 'Client Key')
      const withoutProof = `c=biws,r=${whole}`
      const message = `${bare},${serverFirst},${withoutProof}`
      const signature = hmac(createHash('sha256').update(clientKey).digest(), message)
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
      expected = hmac(hmac(salted, 'Server Key'), message)
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
    },
    verify: (serverFinal) => {
      const given = Buffer.from(/^v=([A-Za-z0-9+/]+={0,2})(?:,|$)/.exec(serverFinal)?.[1] ?? '', 'base64')
      const known = expected !== undefined && given.length === expected.length && timingSafeEqual(given, expected)
      if (!known) throw refused('the server does not know the password itself')
    },
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function refused(why: string): SallyportError {
  return new SallyportError('upstream.login', why)
}
