import type { Answer } from '../answer.ts'

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Fields that the general server has a say in. */
const particular: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'upgrade'])

/**
 * A whole answer as the bytes of HTTP/1.1, head and body in one piece, on a connection that stays open; undefined for
 * every other, which the general server writes. Its length is that of its body, whatever it says of itself: a wrong
 * one would make what follows the beginning of another answer (RFC 9112 §6.3).
 */
export function plainAnswer(
  { status, headers, body, trailers, tunnel }: Answer,
  method: string,
  idleMs: number,
): Buffer | undefined {
  if (!(body instanceof Uint8Array) || tunnel !== undefined || (trailers?.().length ?? 0) > 0) return undefined
  if (status < 200) return undefined
  const hasNone = method === 'HEAD' || status === 204 || status === 304
  let head = `HTTP/1.1 ${status} ${phraseOf(status)}\r\n`
  let isDated = false
  for (const [name, value] of headers) {
    const plain = name.toLowerCase()
    if (particular.has(plain) || !fieldName.test(name) || !fieldValue.test(value)) return undefined
    if (plain === 'content-length' && (!hasNone || status === 204)) continue
    if (plain === 'date') isDated = true
    head += `${name}: ${value}\r\n`
  }
  if (!hasNone) head += `content-length: ${body.length}\r\n`
  if (!isDated) head += `date: ${dateNow()}\r\n`
  head += `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(idleMs / 1000)}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + (hasNone ? 0 : body.length))
  bytes.write(head, 'latin1')
  if (!hasNone) bytes.set(body, head.length)
  return bytes
}

const phrases = new Map<number, string>()

function phraseOf(status: number): string {
  const known = phrases.get(status) ?? process.getBuiltinModule('node:http').STATUS_CODES[status] ?? 'unknown'
  phrases.set(status, known)
  return known
}

let latest = { seconds: 0, text: '' }

function dateNow(): string {
  const seconds = Math.floor(Date.now() / 1000)
  if (seconds !== latest.seconds) latest = { seconds, text: new Date(seconds * 1000).toUTCString() }
  return latest.text
}
