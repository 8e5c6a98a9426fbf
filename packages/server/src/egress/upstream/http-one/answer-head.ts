/** Why bytes of an upstream are no answer that can be read in one way only. */
export type AnswerFault =
  | 'head'
  | 'length'
  | 'coding'
  | 'switch'
  | 'too_large'
  | 'chunk'
  | 'trailers'
  | 'unasked'
  | 'cut_off'

type Pairs = readonly (readonly [name: string, value: string])[]

/** The head of an answer, and what it says of the bytes behind it. */
export interface AnswerHead {
  readonly status: number
  /** Lower-case names, in the order sent. */
  readonly headers: Pairs
  /** Of the body: its bytes, chunks of it, or all that comes until the connection is closed. */
  readonly body: number | 'chunked' | 'until-close'
  /** Whether another request may follow on the connection. */
  readonly keeps: boolean
  /** How long the upstream says that it keeps the connection, seconds. */
  readonly keepsSeconds: number | undefined
}

/** A head with its fields may have so many bytes, and trailers too. */
export const maxHeadBytes: number = 32 * 1024
const maxFields = 256

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const statedLength = /^\d{1,15}$/
/** Readers differ on whether these are chunks: to some, what is before a tab is another coding's name. */
const blankBehindCoding = /\r\ntransfer-encoding:[^\r]*[\t ](?:\r|$)/i

/**
 * Reads a head: everything before the empty line, one character for each byte. Adversary: an upstream, or somebody
 * before it, that hopes for two readers who disagree on where an answer ends (RFC 9112 §§4 to 6): what could be read in
 * two ways is a fault, and a fault ends the connection.
 */
export function readAnswerHead(text: string, method: string): AnswerHead | AnswerFault {
  const lineEnd = text.indexOf('\r\n')
  const [, minor, code] = statusLine.exec(lineEnd < 0 ? text : text.slice(0, lineEnd)) ?? []
  if (minor === undefined || code === undefined) return 'head'
  const status = Number(code)
  const headers = lineEnd < 0 ? [] : readFields(text, lineEnd + 2)
  if (headers === undefined) return 'head'
  let length: number | undefined
  let coding: string | undefined
  let keeps = minor === '1'
  let keepsSeconds: number | undefined
  for (const [name, value] of headers) {
    switch (name) {
      case 'content-length':
        if (length !== undefined || !statedLength.test(value)) return 'length'
        length = Number(value)
        break
      case 'transfer-encoding':
        if (coding !== undefined) return 'coding'
        coding = value.toLowerCase()
        break
      case 'connection':
        if (/(?:^|,)[\t ]*(?:close|upgrade)[\t ]*(?:,|$)/i.test(value)) keeps = false
        break
      case 'keep-alive':
        keepsSeconds = Number(/(?:^|[,\s])timeout=(\d{1,9})(?:[,\s]|$)/.exec(value)?.[1] ?? NaN)
        break
      default:
    }
  }
  if (coding !== undefined && (coding !== 'chunked' || length !== undefined || minor === '0')) return 'coding'
  if (coding !== undefined && blankBehindCoding.test(text)) return 'coding'
  const framing = { status, headers, keepsSeconds: Number.isNaN(keepsSeconds) ? undefined : keepsSeconds }
  if (status < 200) return length === undefined && coding === undefined ? { ...framing, body: 0, keeps } : 'length'
  // RFC 9112 §6.3: these have no body, whatever they say. One that says so all the same may send it after all.
  if (method === 'HEAD' || status === 304) return { ...framing, body: 0, keeps: keeps && method !== 'HEAD' }
  if (status === 204) return { ...framing, body: 0, keeps: keeps && coding === undefined && (length ?? 0) === 0 }
  if (coding !== undefined) return { ...framing, body: 'chunked', keeps }
  return length === undefined ? { ...framing, body: 'until-close', keeps: false } : { ...framing, body: length, keeps }
}

/** The fields from `at` to the end of `text`, where the last line has no end; undefined for what is no field. */
export function readFields(text: string, start: number): Pairs | undefined {
  const fields: (readonly [string, string])[] = []
  for (let at = start; at < text.length;) {
    const next = text.indexOf('\r\n', at)
    const lineEnd = next < 0 ? text.length : next
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon >= lineEnd || fields.length >= maxFields) return undefined
    const name = text.slice(at, colon)
    const value = trimmed(text, colon + 1, lineEnd)
    if (!fieldName.test(name) || !fieldValue.test(value)) return undefined
    fields.push([name.toLowerCase(), value])
    at = lineEnd + 2
  }
  return fields
}

/** Without the white space around it (RFC 9110 §5.5). By hand: a pattern would go over long runs of it many times. */
function trimmed(text: string, start: number, end: number): string {
  let [from, to] = [start, end]
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
