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
