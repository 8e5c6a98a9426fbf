import { isIPv4 } from 'node:net'

import { Extension } from '@peculiar/x509'

/** RFC 5280 §4.2.1.10. */
export const nameConstraintsId = '2.5.29.30'

/**
 * The critical extension that ties a CA to names (RFC 5280 §4.2.1.10): DNS names cover their subdomains,
 * IPv4 addresses stand for themselves. A kind of name that is not listed at all is excluded whole.
 */
export function nameConstraints(names: readonly string[]): Extension {
  const addresses = names.filter(isIPv4)
  const hosts = names.filter((name) => !isIPv4(name))
  const permitted = [
    ...hosts.map((name) => tlv(0x82, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => tlv(0x87, Buffer.from([...octets(address), 255, 255, 255, 255]))),
  ]
  // Without a permitted subtree of its kind every address would do, so all of them are excluded by name.
  const excluded = [
    ...(addresses.length === 0 ? [tlv(0x87, Buffer.alloc(8))] : []),
    tlv(0x87, Buffer.alloc(32)), // every IPv6 address
    ...(hosts.length === 0 ? [tlv(0x82, Buffer.alloc(0))] : []),
  ]
  return constraintsOf(permitted, excluded)
}

/**
 * Ties a CA to the SPIFFE ids of one trust domain: URIs of that host, and no DNS name, address, or mail address at all,
 * so that what it signs is good for no server and no person.
 */
export function trustDomainConstraints(trustDomain: string): Extension {
  const permitted = [tlv(0x86, Buffer.from(trustDomain, 'latin1'))]
  const excluded = [
    tlv(0x81, Buffer.alloc(0)),
    tlv(0x82, Buffer.alloc(0)),
    tlv(0x87, Buffer.alloc(8)),
    tlv(0x87, Buffer.alloc(32)),
  ]
  return constraintsOf(permitted, excluded)
}

function constraintsOf(permitted: readonly Buffer[], excluded: readonly Buffer[]): Extension {
  const subtrees = (tag: number, bases: readonly Buffer[]): Buffer => tlv(tag, ...bases.map((base) => tlv(0x30, base)))
  const value = tlv(0x30, subtrees(0xa0, permitted), subtrees(0xa1, excluded))
  return new Extension(nameConstraintsId, true, new Uint8Array(value))
}

const octets = (address: string): readonly number[] => address.split('.').map(Number)

/** One DER element; the lengths here stay below 65,536. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  const header = [tag, ...(length < 128 ? [length] : long)]
  return Buffer.concat([Buffer.from(header), content])
}
