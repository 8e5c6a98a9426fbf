import { maxWholeBytes } from './incoming.ts'

/** A request of HTTP/1.1 of the plainest form: a head and its whole body, and nothing behind them. */
export interface PlainRequest {
  readonly method: string
  readonly target: string
  /** Names and values by turns, in the order sent. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

const requestLine = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*) HTTP\/1\.1$/
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const length = /^\d{1,6}$/
const maxFields = 64
const headEnd = '\r\n\r\n'

/** Fields that change how a message is framed, or what becomes of its connection. */
const particular: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'http2-settings',
])

/**
 * Reads the requests that nearly all are; undefined for every other, and for what is none: the general parser has
 * those, and its word counts. Adversary: code in a box. Whatever is read here, it must read as the general parser does,
 * so nothing is taken that allows of two readings (RFC 9112 §§3, 5, 6): one length or none, no folded line, no bare LF,
 * no coding, no byte too few or too many.
 */
export function readPlain(bytes: Buffer, maxHeadBytes: number): PlainRequest | undefined {
  const end = bytes.indexOf(headEnd)
  if (end < 0 || end + headEnd.length > maxHeadBytes) return undefined
  const bodyBytes = bytes.length - end - headEnd.length
  if (bodyBytes > maxWholeBytes) return undefined
  const head = bytes.toString('latin1', 0, end + 2)
  let at = head.indexOf('\r\n')
  const [, method, target] = requestLine.exec(head.slice(0, at)) ?? []
  if (method === undefined || target === undefined) return undefined
  const rawHeaders: string[] = []
  let stated: number | undefined
  for (at += 2; at < head.length;) {
    const lineEnd = head.indexOf('\r\n', at)
    const colon = head.indexOf(':', at)
    if (colon < 0 || colon > lineEnd || rawHeaders.length >= 2 * maxFields) return undefined
    const name = head.slice(at, colon)
    const value = trimmed(head, colon + 1, lineEnd)
    if (!fieldName.test(name) || !fieldValue.test(value)) return undefined
    const plain = name.toLowerCase()
    if (plain === 'content-length') {
      if (stated !== undefined || !length.test(value)) return undefined
      stated = Number(value)
    } else if (particular.has(plain) && !(plain === 'connection' && value.toLowerCase() === 'keep-alive')) {
      return undefined
    }
    rawHeaders.push(name, value)
    at = lineEnd + 2
  }
  if ((stated ?? 0) !== bodyBytes) return undefined
  return { method, target, rawHeaders, body: bytes.subarray(end + headEnd.length) }
}

/** Without the white space around it (RFC 9110 §5.5). By hand: a pattern would go over long runs of it many times. */
function trimmed(head: string, start: number, end: number): string {
  let [from, to] = [start, end]
  while (from < to && isBlank(head.charCodeAt(from))) from += 1
  while (to > from && isBlank(head.charCodeAt(to - 1))) to -= 1
  return head.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
