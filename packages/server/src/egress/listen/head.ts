import type { Reason } from '@sallyport/core/access'

import { type BundlePosition, callerHeader, readCaller } from './caller.ts'
import type { Incoming } from '../../parser/index.ts'

/** The head of an outbound request, read strictly. Only this goes on; the bytes that came do not. */
export interface Head {
  readonly scheme: 'http' | 'https'
  readonly protocol: '1.1' | '2'
  readonly method: string
  /** Lower case, without a port. */
  readonly host: string
  readonly port: string | undefined
  readonly path: string
  /** With its question mark, or empty. */
  readonly query: string
  /** Lower-case names, each once. */
  readonly headers: ReadonlyMap<string, string>
  /** In the order sent, for signatures that cover them. */
  readonly pairs: readonly (readonly [name: string, value: string])[]
  /** The address that the code dialled. */
  readonly destination: string
  /** Stated length of the body; undefined when chunked or absent. */
  readonly contentLength: number | undefined
  /** Which code in the bundle asked; advisory, for it could be forged. */
  readonly caller: readonly BundlePosition[]
  readonly fault?: Reason
}

/** A reason of this door, before any policy. */
export function doorReason(code: string, message: string, fix?: string): Reason {
  return { code, layer: 'door', message, ...(fix === undefined ? {} : { fix }) }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const trickyPath = /%2e|%2f|%5c|%00|\/\/|\\|;|#|(^|\/)\.{1,2}(\/|$)/i
const wellFormedTarget = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/?]|%[0-9A-Fa-f]{2})*$/

/**
 * Reads a head that Node's parser has accepted. Adversary: code in the box that hopes for two readers who disagree
 * (repeated or contradicting headers, RFC 9112 §6.3; a Host beside another `:authority`, RFC 9113 §8.3.1), or for a
 * path that we and the upstream resolve differently.
 */
export function readHead(incoming: Incoming): Head {
  const headers = new Map<string, string>()
  const pairs: (readonly [string, string])[] = []
  const callers: string[] = []
  let repeated: string | undefined
  let authority: string | undefined
  let misnamed: string | undefined
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    const name = (incoming.rawHeaders[index] ?? '').toLowerCase()
    const value = (incoming.rawHeaders[index + 1] ?? '').trim()
    if (name === callerHeader) {
      callers.push(value)
      continue
    }
    if (name.startsWith(':')) {
      if (name === ':scheme' && value !== incoming.scheme) misnamed = name
      if (name === ':authority') {
        if (authority !== undefined) repeated ??= name
        authority = value
        pairs.push([name, value])
      }
      continue
    }
    // RFC 9113 §8.2.3: cookie crumbs are one header; no door passes cookies in any case.
    if (headers.has(name) && !(name === 'cookie' && incoming.protocol === '2')) repeated ??= name
    headers.set(name, value)
    pairs.push([name, value])
  }
  misnamed ??= dropNamed(headers)
  const { target, authority: written } = targetOf(incoming)
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const named = authority ?? headers.get('host') ?? ''
  const [, host = '', port] = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(named) ?? []
  const length = headers.get('content-length')
  const head: Head = {
    scheme: incoming.scheme,
    protocol: incoming.protocol,
    method: incoming.method,
    host: host.toLowerCase(),
    port,
    path,
    query: mark < 0 ? '' : target.slice(mark),
    headers,
    pairs,
    destination: incoming.localAddress,
    contentLength: length === undefined ? undefined : Number(length),
    caller: readCaller(callers),
  }
  const twoHosts = authority !== undefined && (headers.get('host') ?? authority) !== authority
  const otherHost = written !== undefined && written !== named.toLowerCase()
  const fault = faultOf(head, repeated ?? (twoHosts ? 'host' : undefined), misnamed, otherHost, incoming.serverName)
  return fault === undefined ? head : { ...head, fault }
}

/** Fields that are part of a connection whether they are named in `Connection` or not (RFC 9110 §7.6.1). */
const ofConnections: ReadonlySet<string> = new Set(['close', 'keep-alive', 'te', 'upgrade', 'http2-settings'])
/** Fields by which a request is read and decided: whoever calls them the connection's has something else in mind. */
const ofRequests: ReadonlySet<string> = new Set(['host', 'content-length', 'content-type', 'content-encoding'])

/** Takes out what `Connection` names: that ends here (RFC 9110 §7.6.1). Gives back the first that may not be named. */
function dropNamed(headers: Map<string, string>): string | undefined {
  let misnamed: string | undefined
  if (headers.get('connection') === 'keep-alive') return misnamed // what nearly all say, and it names no field
  for (const part of headers.get('connection')?.toLowerCase().split(',') ?? []) {
    const name = part.trim()
    if (ofRequests.has(name) || name === 'transfer-encoding') misnamed ??= name
    else if (!ofConnections.has(name)) headers.delete(name)
  }
  return misnamed
}

/** What is asked for; a target in absolute form names its authority, which must be that of Host (RFC 9112 §3.2.2). */
function targetOf({ target, scheme, protocol }: Incoming): { readonly target: string; readonly authority?: string } {
  if (protocol !== '1.1' || target.startsWith('/')) return { target }
  const [, said, authority, rest] = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(target) ?? []
  if (authority === undefined || rest === undefined || said?.toLowerCase() !== scheme) return { target }
  return { target: rest.startsWith('/') ? rest : `/${rest}`, authority: authority.toLowerCase() }
}

function faultOf(
  head: Head,
  repeated: string | undefined,
  misnamed: string | undefined,
  otherHost: boolean,
  serverName: string | undefined,
): Reason | undefined {
  if (repeated !== undefined)
    return doorReason('request.duplicate_header', `The header ${repeated} came more than once.`)
  if (misnamed !== undefined)
    return doorReason('request.framing', `The connection is another than ${misnamed} would have it.`)
  const coding = head.headers.get('transfer-encoding')
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || head.headers.has('content-length'))) {
    return doorReason(
      'request.framing',
      'The length of the body is stated in two ways, or in one that is not known here.',
    )
  }
  if (!methods.has(head.method)) return doorReason('request.malformed', 'This method is not one that a door can have.')
  if (head.host === '') return doorReason('request.malformed', 'One well-formed Host header is needed.')
  if (serverName !== undefined && serverName !== head.host) {
    return doorReason('door.host_mismatch', 'The Host header names another host than the TLS handshake did.')
  }
  if (otherHost) return doorReason('door.host_mismatch', 'The Host header names another host than the target does.')
  if (!head.path.startsWith('/') || trickyPath.test(head.path) || !wellFormedTarget.test(head.path + head.query)) {
    return doorReason(
      'door.path',
      'The path has dot segments, doubled or encoded separators, a semicolon or stray characters.',
    )
  }
  return undefined
}
