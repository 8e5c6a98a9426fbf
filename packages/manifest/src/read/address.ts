import { canonicalOrigin } from '../match/door.ts'

/** An origin that a door or a table may lead to. */
export type Address =
  | { readonly kind: 'address'; readonly origin: string; readonly loopback: boolean; readonly private: boolean }
  | { readonly kind: 'refused'; readonly why: string; readonly suggestion: string }

/** Azure's WireServer, Alibaba Cloud, Oracle's older service; Google Cloud, Oracle and Scaleway over IPv6. */
const metadataHosts: ReadonlySet<string> = new Set([
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '[fd20:ce::254]',
  '[fd00:c1::a9fe:a9fe]',
  '[fd00:42::42]',
])

/**
 * Reads `https://api.stripe.com`. Plain HTTP only to loopback, unless `plain` says that it goes no further than a
 * private network; link-local never: 169.254.169.254 is where clouds keep their credentials.
 */
export function readAddress(text: string, plain = false): Address {
  const [, scheme, host, port, rest] =
    /^(https?):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(.*)$/i.exec(text) ?? []
  if (scheme === undefined || host === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) {
    return { kind: 'refused', why: `"${text}" is not an http or https URL`, suggestion: 'https://api.example.com' }
  }
  const origin = canonicalOrigin(scheme, host, port)
  if (rest !== undefined && rest !== '' && rest !== '/') {
    return { kind: 'refused', why: `"${text}" holds more than scheme, host and port`, suggestion: origin }
  }
  const kind = hostKind(host.toLowerCase())
  if (kind === 'malformed') {
    return { kind: 'refused', why: `"${host}" is not a host name or address`, suggestion: 'https://api.example.com' }
  }
  if (kind === 'link-local') {
    return {
      kind: 'refused',
      why: `${host} is a link-local address, where clouds keep credentials`,
      suggestion: 'name the service itself',
    }
  }
  if (kind === 'metadata') {
    return { kind: 'refused', why: `${host} is where a cloud keeps credentials`, suggestion: 'name the service itself' }
  }
  if (scheme.toLowerCase() === 'http' && kind !== 'loopback' && !plain) {
    return { kind: 'refused', why: `plain HTTP to ${host}`, suggestion: `https://${host}` }
  }
  return { kind: 'address', origin, loopback: kind === 'loopback', private: kind === 'private' || kind === 'loopback' }
}

function hostKind(host: string): 'loopback' | 'private' | 'link-local' | 'metadata' | 'public' | 'malformed' {
  if (metadataHosts.has(host)) return 'metadata'
  if (host === 'localhost' || host === '[::1]') return 'loopback'
  if (host.startsWith('[')) return ipv6Kind(host)
  if (!/[a-z]/.test(host)) return ipv4Kind(host)
  // A last label of digits or 0x… is read as an IPv4 address by URL parsers (WHATWG URL §3.5).
  const labels = host.split('.')
  const last = labels.at(-1) ?? ''
  const valid =
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label)) && !/^(?:\d+|0x.*)$/.test(last)
  return valid ? 'public' : 'malformed'
}

function ipv6Kind(host: string): 'private' | 'link-local' | 'public' | 'malformed' {
  // One address has many spellings, and what is told by its beginning must be in the one that begins so.
  if (URL.parse(`http://${host}/`)?.hostname !== host) return 'malformed'
  const address = host.slice(1)
  if (/^fe[89ab]|^fd00:ec2:/.test(address)) return 'link-local'
  if (/^::|^64:ff9b:|^2002:/.test(address)) return 'malformed' // an IPv4 address in another dress, or none
  return /^f[cd]/.test(address) ? 'private' : 'public'
}

function ipv4Kind(host: string): 'loopback' | 'private' | 'link-local' | 'public' | 'malformed' {
  const octets = host.split('.')
  const plain =
    octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)
  if (!plain) return 'malformed'
  const [a, b] = octets.map(Number)
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link-local'
  if (a === 10 || (a === 192 && b === 168) || (a === 172 && b !== undefined && b >= 16 && b < 32)) return 'private'
  return a === 0 ? 'malformed' : 'public'
}
