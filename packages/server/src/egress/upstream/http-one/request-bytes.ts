import { SallyportError } from '@sallyport/core/access'

import type { UpstreamCall } from '../upstream-call.ts'

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const requestTarget = /^\/[\x21-\x7e]*$/
/** What frames a request is said here, by nobody else and once (RFC 9112 §6). */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Methods whose requests have a body by their nature; elsewhere upstreams may not expect one. */
const withBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** True where an upstream might take a body, or an answer's, for the beginning of something else. */
export function mayConfuse({ method, body }: Pick<UpstreamCall, 'method' | 'body'>): boolean {
  return method === 'HEAD' || (!withBody.has(method) && !(body instanceof Uint8Array && body.length === 0))
}

/**
 * A request as the bytes of HTTP/1.1: all of it where its body is whole, else its head. Adversary: whatever could make
 * two requests of one. Throws `upstream.unwritable`.
 */
export function requestBytes(
  { method, target, headers, body, peer }: Pick<UpstreamCall, 'method' | 'target' | 'headers' | 'body' | 'peer'>,
  originHost: string,
): Buffer {
  if (!fieldName.test(method) || !requestTarget.test(target)) throw unwritable('its line')
  const length = body instanceof Uint8Array ? body.length : undefined
  let host = peer?.host
  let fields = ''
  for (const [name, value] of headers) {
    if (!fieldName.test(name) || !fieldValue.test(value)) throw unwritable('a field')
    const plain = name.toLowerCase()
    if (plain === 'host') {
      if (host !== undefined) throw unwritable('its host')
      host = value
    } else if (plain === 'content-length') {
      if (value !== String(length)) throw unwritable('its length')
    } else if (framing.has(plain)) {
      throw unwritable('a field')
    } else {
      fields += `${name}: ${value}\r\n`
    }
  }
  const start = `${method} ${target} HTTP/1.1\r\nhost: ${host ?? originHost}\r\nconnection: keep-alive\r\n`
  const stated = length === 0 && !withBody.has(method) ? '' : `content-length: ${length}\r\n`
  const head = `${start}${fields}${length === undefined ? 'transfer-encoding: chunked\r\n' : stated}\r\n`
  const bytes = Buffer.allocUnsafe(head.length + (length ?? 0))
  bytes.write(head, 'latin1')
  if (body instanceof Uint8Array) bytes.set(body, head.length)
  return bytes
}

function unwritable(what: string): SallyportError {
  return new SallyportError('upstream.unwritable', `the request cannot be written in HTTP/1.1 (${what})`)
}
