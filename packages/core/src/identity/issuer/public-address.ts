/** IPv4 networks that lie on no public network (RFC 6890 §2.2.2, IANA's registry), with their prefix lengths. */
const specialIpv4: readonly (readonly [network: readonly number[], prefixBits: number])[] = [
  [[0, 0, 0, 0], 8],
  [[10, 0, 0, 0], 8],
  [[100, 64, 0, 0], 10],
  [[127, 0, 0, 0], 8],
  [[168, 63, 129, 16], 32], // Azure's WireServer: looks public, and leads to the machine's own host
  [[169, 254, 0, 0], 16], // link-local: the clouds' metadata services
  [[172, 16, 0, 0], 12],
  [[192, 0, 0, 0], 24],
  [[192, 0, 2, 0], 24],
  [[192, 88, 99, 0], 24],
  [[192, 168, 0, 0], 16],
  [[198, 18, 0, 0], 15],
  [[198, 51, 100, 0], 24],
  [[203, 0, 113, 0], 24],
  [[224, 0, 0, 0], 4],
  [[240, 0, 0, 0], 4],
]

/**
 * What an IP address leads to; undefined for text that is no address. Adversary: a name or a document that leads us
 * to a metadata service or into our own network. IPv6 is public only inside 2000::/3 and outside of its tunnels and
 * its documentation ranges; a mapped IPv4 address counts as what is mapped.
 */
export function reachOf(address: string): 'public' | 'loopback' | 'private' | undefined {
  const ipv4 = parseIpv4(address)
  if (ipv4 !== undefined) return reachOfIpv4(ipv4)
  const groups = parseIpv6(address)
  if (groups === undefined) return undefined
  const [a = 0, b = 0] = groups
  const isZeroUpTo = (count: number): boolean => groups.slice(0, count).every((group) => group === 0)
  if (isZeroUpTo(5) && groups[5] === 0xffff) {
    return reachOfIpv4([groups[6] ?? 0, groups[7] ?? 0].flatMap((group) => [group >> 8, group & 0xff]))
  }
  if (isZeroUpTo(7) && groups[7] === 1) return 'loopback'
  if (a >> 13 !== 1) return 'private'
  const isTunnelOrDocumentation = (a === 0x2001 && (b < 0x200 || b === 0xdb8)) || a === 0x2002 || a === 0x3fff
  return isTunnelOrDocumentation ? 'private' : 'public'
}

function reachOfIpv4(bytes: readonly number[]): 'public' | 'loopback' | 'private' {
  if (bytes[0] === 127) return 'loopback'
  const value = numberOf(bytes)
  const isSpecial = specialIpv4.some(([network, prefixBits]) => {
    const size = 2 ** (32 - prefixBits)
    return Math.floor(value / size) === Math.floor(numberOf(network) / size)
  })
  return isSpecial ? 'private' : 'public'
}

function numberOf(bytes: readonly number[]): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

/** Four decimal numbers and nothing else: `0x7f.1`, `127.1` and `010.0.0.1` are none here. */
function parseIpv4(text: string): readonly number[] | undefined {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return undefined
  return text.split('.').map(Number)
}

/** Eight groups, from the one spelling that the URL parser gives every IPv6 address. */
function parseIpv6(text: string): readonly number[] | undefined {
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(':')) return undefined
  const url = URL.parse(`http://[${text}]/`)
  if (url === null) return undefined
  const [head = '', tail] = url.hostname.slice(1, -1).split('::')
  const groupsOf = (part: string): readonly number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}
