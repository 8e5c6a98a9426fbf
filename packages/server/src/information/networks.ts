import { BlockList, isIP } from 'node:net'

import type { CountryDatabase } from './country-database.ts'

/**
 * Finds the country of an address: in the manifest's own `locations`, else in the database. Undefined is unknown, and a
 * condition denies.
 */
export function compileLocations(
  locations: readonly { readonly country: string; readonly networks: readonly string[] }[],
  database: CountryDatabase = () => undefined,
): (address: string) => string | undefined {
  const lists = locations.map(({ country, networks }) => {
    const list = new BlockList()
    for (const network of networks) {
      const [address = '', prefix] = network.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
    }
    return { country, list }
  })
  return (address) => {
    // A dual-stack listener reports IPv4 peers as ::ffff:a.b.c.d.
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(plain) === 0) return undefined
    return lists.find(({ list }) => list.check(plain, family))?.country ?? database(plain)
  }
}

/**
 * Who is counted together: an IPv4 address, or the /64 of an IPv6 address, which is the least that one subscriber is
 * given (RFC 6177 §2). Adversary: one machine that has 2^64 addresses to send from.
 */
export function countedNetwork(address: string): string {
  if (address !== latest.address) latest = { address, network: networkOf(address) }
  return latest.network
}

/** Asked several times for each request, and many requests come by one connection. */
let latest = { address: '', network: '' }

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::')
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':').toLowerCase()}::/64`
}
