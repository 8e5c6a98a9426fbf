import { BlockList, isIP } from 'node:net'

import { reachOf } from '@sallyport/core/identity'

import { remembered } from '../remembered.ts'

const never = new BlockList() // metadata services, unspecified, multicast: no manifest opens these

for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  never.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
  // 169.254.0.0/16 as IPv6 writes it for translators and tunnels (RFC 4291 §2.5.5, 6052, 2765, 3056).
  ['::a9fe:0', 112],
  ['64:ff9b::a9fe:0', 112],
  ['::ffff:0:a9fe:0', 112],
  ['2002:a9fe::', 32],
] as const) {
  never.addSubnet(network, prefix, 'ipv6')
}
// Where clouds keep credentials at an address of their own: Azure's WireServer, which is a public one, Alibaba Cloud,
// and Oracle's older service; then Google Cloud, Oracle and Scaleway over IPv6.
for (const address of ['168.63.129.16', '100.100.100.200', '192.0.0.192']) never.addAddress(address, 'ipv4')
for (const address of ['fd20:ce::254', 'fd00:c1::a9fe:a9fe', 'fd00:42::42']) never.addAddress(address, 'ipv6')

/**
 * Whether a door may connect to an address. Adversary: a name that resolves to the cloud's metadata service or into
 * the host's own network (RFC 6890 lists the special-purpose ranges). An IPv4-mapped address counts as its IPv4 one.
 * Where it is to be spoken to in plain HTTP, no address outside of a private network will do.
 */
export function mayConnect(address: string, privateUpstream: boolean, plain = false): boolean {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(bare)
  if (family === 0) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  if (never.check(bare, type)) return false
  const outside = reachOf(bare) === 'public'
  return plain ? privateUpstream && !outside : privateUpstream || outside
}

/**
 * True for the addresses at which clouds keep their metadata services. Asked for each request, by code that dials few
 * addresses.
 */
export const isMetadata: (address: string) => boolean = remembered((address) => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) !== 0 && never.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6')
}, 256)
