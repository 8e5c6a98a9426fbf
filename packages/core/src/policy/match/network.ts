/** An address as one number and its family. IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */
export type Address = { readonly family: 4; readonly bits: number } | { readonly family: 6; readonly bits: bigint }

/**
 * A block of addresses; without a prefix length, one address. `size` is how many it holds, `index` which of that
 * size it is.
 */
export type Network =
  | { readonly family: 4; readonly index: number; readonly size: number }
  | { readonly family: 6; readonly index: bigint; readonly size: bigint }

const mapped = 0xffffn

/** Reads an address, strictly: `010` and `256` are no octets, zone identifiers are refused. */
export function readAddress(text: string): Address | undefined {
  // One request's address is asked about in every layer.
  if (text !== lastRead.text) lastRead = { text, address: readAddressAnew(text) }
  return lastRead.address
}

let lastRead: { readonly text: string; readonly address: Address | undefined } = { text: '', address: undefined }

function readAddressAnew(text: string): Address | undefined {
  if (text.length > 45) return undefined
  if (!text.includes(':')) {
    const bits = readIpv4(text)
    return bits === undefined ? undefined : { family: 4, bits }
  }
  const bits = readIpv6(text)
  if (bits === undefined) return undefined
  return bits >> 32n === mapped ? { family: 4, bits: Number(bits & 0xffffffffn) } : { family: 6, bits }
}

/** Reads CIDR notation, or an address that stands for itself. */
export function readNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const address = readAddress(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  // The prefix counts in the notation's own family: `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  const written = text.includes(':') ? 128 : 32
  const prefix = slash === -1 ? written : readDecimal(text.slice(slash + 1), written)
  if (prefix === undefined) return undefined
  if (address.family === 6) {
    const size = 1n << BigInt(128 - prefix)
    return { family: 6, index: address.bits / size, size }
  }
  const free = written - prefix
  // A block wider than the mapped range would hold addresses of both families.
  if (free > 32) return undefined
  const size = 2 ** free
  return { family: 4, index: Math.floor(address.bits / size), size }
}

/** Whether the address lies in the block. A block of one family never holds an address of the other. */
export function inNetwork(address: Address, network: Network): boolean {
  if (address.family === 4) return network.family === 4 && Math.floor(address.bits / network.size) === network.index
  return network.family === 6 && address.bits / network.size === network.index
}

/** Four octets of one to three digits, none with a leading zero, which some readers take for octal. */
function readIpv4(text: string): number | undefined {
  let bits = 0
  let octet = -1
  let dots = 0
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (octet < 0) return undefined
      bits = bits * 256 + octet
      octet = -1
      dots += 1
    } else {
      const digit = code - 0x30
      if (digit < 0 || digit > 9 || octet === 0) return undefined
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return undefined
    }
  }
  return dots === 4 ? bits : undefined
}

const DOT = 0x2e

function readIpv6(text: string): bigint | undefined {
  const halves = text.split('::', 3)
  if (halves.length > 2) return undefined
  const [head, tail] = [readGroups(halves[0] ?? '', halves.length === 1), readGroups(halves[1] ?? '', true)]
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  // `::` stands for at least one group (RFC 4291 §2.2).
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n)
}

/** Groups of up to four hexadecimal digits; at the end of the address the last may be an IPv4 address. */
function readGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const words = text.split(':', 9)
  for (const [index, word] of words.entries()) {
    if (isEnd && index === words.length - 1 && word.includes('.')) {
      const bits = readIpv4(word)
      if (bits === undefined) return undefined
      groups.push(Math.floor(bits / 65536), bits % 65536)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) groups.push(Number.parseInt(word, 16))
    else return undefined
  }
  return groups
}

/** Digits without a leading zero, which some readers take for octal. */
function readDecimal(text: string, most: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,2})$/.test(text)) return undefined
  const value = Number(text)
  return value <= most ? value : undefined
}
