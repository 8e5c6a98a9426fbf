import { BlockList, isIP } from 'node:net'

const never = new BlockList() // metadata services, unspecified, multicast: no manifest opens these
const internal = new BlockList() // loopback and private networks: only a door that was written down so

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
] as const) {
  never.addSubnet(network, prefix, 'ipv6')
}
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
] as const)
  internal.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['64:ff9b::', 96],
  ['2002::', 16],
] as const) {
  internal.addSubnet(network, prefix, 'ipv6')
}

/**
 * Whether a door may connect to an address. Adversary: a name that resolves to the cloud's metadata service or into
 * the host's own network (RFC 6890 lists the special-purpose ranges). An IPv4-mapped address counts as its IPv4 one.
 */
export function mayConnect(address: string, privateUpstream: boolean): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  if (family === 0) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  return !never.check(plain, type) && (privateUpstream || !internal.check(plain, type))
}

/** True for the addresses at which clouds keep their metadata services. */
export function isMetadata(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) !== 0 && never.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6')
}
