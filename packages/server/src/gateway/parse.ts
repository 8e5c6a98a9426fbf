import type { IncomingMessage } from 'node:http'

import type { Reason } from '@sallyport/core/access'

import { gatewayReason } from './request.ts'

/** The head of a request after strict reading. */
export interface Head {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: ReadonlyMap<string, string>
  readonly credentials: readonly string[]
  readonly proofs: readonly string[]
  /** Every `sallyport-device` header: what a device manager states. */
  readonly statements: readonly string[]
  /** It says that a body follows. */
  readonly hasBody: boolean
  readonly fault?: Reason
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Two of any of these would let two readers of one request disagree. */
const single = new Set(['content-length', 'content-type', 'host', 'transfer-encoding'])
/**
 * Statements that only the gateway itself may make, or that platforms and proxies make to functions that stand behind
 * them: a client that states them is not believed. Of their names `_` is another spelling of `-`: whoever hands headers
 * on as variables makes one of both.
 */
const unbelieved = new RegExp(
  `^(?:${[
    'forwarded(-for)?|via|remote-(user|addr)',
    'x-(forwarded|amzn?|sallyport|original|rewrite)(-.*)?',
    // Whence a request came, as read by what looks through the usual names in turn.
    '(x-)?(real|client|true-client|fastly-client|cluster-client|originating|remote)-(ip|addr)',
    'cf-.*|cloudfront-.*|x-(appengine|envoy|azure|vercel|nf)-.*',
    // Who sent it, as identity-aware proxies say.
    'x-(auth-request|goog-(iap|authenticated)|ms-client-principal|remote)-.*|x-(ms-client-principal|remote-user)',
    '(x-)?(ssl|tls)-client-.*|x-client-cert.*',
    'x-(http-)?method(-override)?',
  ].join('|')})$`,
)
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Encoded separators, NUL, dot segments in any spelling, empty segments, path parameters, controls, non-ASCII. */
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused here
const trickyPath = /%2f|%5c|%00|%2e|\/\/|;|\\|[\u0000-\u0020\u007f-\uffff]|(^|\/)\.{1,2}(\/|$)/i

/**
 * Reads a request's head. Adversary: whoever sends it, byte by byte, hoping that we and the function read it in
 * different ways.
 * Never throws; the first thing found wrong is the fault.
 */
export function parseHead(message: IncomingMessage, authorities: ReadonlySet<string>): Head {
  const headers = new Map<string, string>()
  // Evidence goes to the identity room alone: no function sees a token or a proof.
  const evidence = {
    authorization: new Array<string>(),
    dpop: new Array<string>(),
    'sallyport-device': new Array<string>(),
  }
  let fault: Reason | undefined
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = (message.rawHeaders[index] ?? '').toLowerCase()
    const value = message.rawHeaders[index + 1] ?? ''
    if (name === 'authorization' || name === 'dpop' || name === 'sallyport-device') {
      evidence[name].push(value)
      continue
    }
    const previous = headers.get(name)
    if (previous !== undefined && single.has(name)) {
      fault ??= gatewayReason('request.duplicate_header', `The header ${name} came more than once.`)
    }
    if (unbelieved.test(name.replaceAll('_', '-'))) continue
    headers.set(name, previous === undefined ? value : `${previous}, ${value}`)
  }
  for (const [name, values] of Object.entries(evidence)) {
    if (values.length > 1) {
      fault ??= gatewayReason('request.duplicate_header', `The header ${name} came more than once.`)
    }
  }
  const target = message.url ?? ''
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  fault ??= faultOfHead(message, headers, path, authorities)
  const hasBody = headers.has('content-length') || headers.has('transfer-encoding')
  for (const name of hopByHop) headers.delete(name)
  const { authorization: credentials, dpop: proofs, 'sallyport-device': statements } = evidence
  const method = message.method ?? ''
  return {
    method,
    path,
    query,
    headers,
    credentials,
    proofs,
    statements,
    hasBody,
    ...(fault === undefined ? {} : { fault }),
  }
}

function faultOfHead(
  message: IncomingMessage,
  headers: ReadonlyMap<string, string>,
  path: string,
  authorities: ReadonlySet<string>,
): Reason | undefined {
  if (message.httpVersion !== '1.1') {
    return gatewayReason('request.http_version', `HTTP/${message.httpVersion} is not spoken here; use HTTP/1.1.`)
  }
  if (!methods.has(message.method ?? '')) {
    return gatewayReason('request.method', 'This method is not one that a route can have.')
  }
  if (!path.startsWith('/') || trickyPath.test(path) || !isUtf8Path(path)) {
    return gatewayReason(
      'request.path',
      'The path has dot segments, doubled or encoded separators, or stray characters.',
    )
  }
  if (!authorities.has((headers.get('host') ?? '').toLowerCase())) {
    return gatewayReason('request.authority', 'The Host header does not name this gateway.')
  }
  const coding = headers.get('transfer-encoding')
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || headers.has('content-length'))) {
    return gatewayReason('request.framing', 'The framing of the body is ambiguous.')
  }
  if (headers.has('content-encoding')) {
    return gatewayReason('request.content_encoding', 'Send the body without a content encoding.')
  }
  if (headers.has('upgrade')) {
    return gatewayReason('request.upgrade', 'This route does not upgrade to another protocol.')
  }
  return undefined
}

function isUtf8Path(path: string): boolean {
  if (!path.includes('%')) return true // what is not ASCII was refused before
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false // a percent sign that begins no UTF-8 sequence
  }
}
