import { expect, test } from 'vitest'

import { importKey } from './key-record.ts'

test('a key of RSA is none of the flawed generator of CVE-2017-15361', async () => {
  const primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n)
  // Modulo each of these primes it is 65537, a power of 65537: so the generator's moduli are known.
  const flawed = 65_537n + (product << BigInt(2048 - product.toString(2).length))
  const jwk = (modulus: bigint): object => ({
    kty: 'RSA',
    alg: 'RS256',
    e: 'AQAB',
    n: Buffer.from(modulus.toString(16), 'hex').toString('base64url'),
  })
  expect(await importKey(jwk(flawed))).toBeUndefined()
  expect(await importKey(jwk(flawed + 2n)), 'control').toMatchObject({ algorithm: 'RS256' })
})
