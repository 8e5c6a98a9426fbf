// Odd primes below 168 and, for each, whether a residue is a power of 65537 modulo it.
const primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157] as const

const residues: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  primes.map((prime) => {
    const powers = new Set<number>()
    for (let power = 1; !powers.has(power); power = (power * (65_537 % prime)) % prime) powers.add(power)
    return [prime, powers]
  }),
)

/**
 * Whether an RSA modulus (big-endian bytes) was made by the flawed generator of CVE-2017-15361: its keys can be
 * factored, and are known by their residues, all of which are powers of 65537. A sound key has them by chance in one
 * case of many millions, and is then refused too.
 */
export function isRoca(modulus: Uint8Array): boolean {
  return primes.every((prime) => {
    let residue = 0
    for (const byte of modulus) residue = (residue * 256 + byte) % prime
    return residues.get(prime)?.has(residue) === true
  })
}
