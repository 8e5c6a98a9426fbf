import type { Network } from '../../match/network.ts'

const mappedFirst = 0xffff_0000_0000n
const afterMapped = 0x1_0000_0000_0000n
const families = {
  4: { end: 1n << 32n, show: showIpv4 },
  6: { end: 1n << 128n, show: showIpv6 },
} as const

/**
 * Addresses that together show everything that a set of networks can tell apart: a network begins or ends where
 * another does not, so the first address of each, the first after each, and the first of all are enough.
 */
export function addressesFor(networks: readonly Network[]): readonly string[] {
  if (networks.length === 0) return []
  return ([4, 6] as const).flatMap((family) => {
    const { end, show } = families[family]
    const edges = new Set([0n])
    for (const network of networks) {
      if (network.family !== family) continue
      const size = BigInt(network.size)
      const first = BigInt(network.index) * size
      edges.add(first)
      if (first + size < end) edges.add(first + size)
    }
    return [...edges].flatMap((edge) => {
      // What is written in the mapped range is an IPv4 address, so the block goes on after it.
      const bits = family === 6 && edge >= mappedFirst && edge < afterMapped ? afterMapped : edge
      // Whoever reads a witness expects a host, which is seldom the first of its network.
      const host = bits + 1n
      return [show(host < end && host !== mappedFirst && !edges.has(host) ? host : bits)]
    })
  })
}

function showIpv4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.')
}

function showIpv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  const text = groups.join(':')
  const longest = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length)[0]
  if (longest === undefined) return text
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)]
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`
}
