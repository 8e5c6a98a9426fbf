/** The one question of a DNS query (RFC 1035 §4.1). */
export interface DnsQuestion {
  readonly id: number
  /** Lower case, labels joined by dots, unprintable bytes as `?`. */
  readonly name: string
  readonly type: number
  readonly recursionDesired: boolean
  /** The question section as it came, to be echoed letter by letter. */
  readonly section: Buffer
}

/** The response codes that we give (RFC 1035 §4.1.1). */
export const dnsCodes = { ok: 0, formatError: 1, nameError: 3, notImplemented: 4 } as const
const typeA = 1
const classIn = 1

/**
 * Reads a query, or undefined for everything else. Adversary: a datagram of any bytes. Compression is refused: a
 * question has nothing to point to, and pointers are how parsers are sent in circles.
 */
export function readDnsQuery(datagram: Buffer): DnsQuestion | undefined {
  if (datagram.length < 17 || datagram.length > 512) return undefined
  const flags = datagram.readUInt16BE(2)
  // A response, another opcode than QUERY, not one question, or answers in a question.
  if ((flags & 0xf800) !== 0 || datagram.readUInt16BE(4) !== 1 || datagram.readUInt32BE(6) !== 0) return undefined
  const labels: string[] = []
  let at = 12
  for (;;) {
    const length = datagram[at]
    if (length === undefined || length > 63 || at - 12 > 254) return undefined
    at += 1
    if (length === 0) break
    labels.push(
      datagram
        .toString('latin1', at, at + length)
        .toLowerCase()
        .replaceAll(/[^a-z0-9_-]/g, '?'),
    )
    at += length
  }
  if (at + 4 > datagram.length || datagram.readUInt16BE(at + 2) !== classIn) return undefined
  return {
    id: datagram.readUInt16BE(0),
    name: labels.join('.'),
    type: datagram.readUInt16BE(at),
    recursionDesired: (flags & 0x0100) !== 0,
    section: datagram.subarray(12, at + 4),
  }
}

/** An authoritative answer: one address, none, or an error code. Small enough that nothing is amplified. */
export function writeDnsAnswer(question: DnsQuestion, code: number, address?: string): Buffer {
  const answers = address !== undefined && question.type === typeA ? 1 : 0
  const head = Buffer.alloc(12)
  head.writeUInt16BE(question.id, 0)
  head.writeUInt16BE(0x8480 | (question.recursionDesired ? 0x0100 : 0) | code, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(answers, 6)
  if (answers === 0 || address === undefined) return Buffer.concat([head, question.section])
  const record = Buffer.alloc(16)
  record.writeUInt16BE(0xc00c, 0) // the name at byte 12
  record.writeUInt16BE(typeA, 2)
  record.writeUInt16BE(classIn, 4)
  record.writeUInt32BE(ttlSeconds, 6)
  record.writeUInt16BE(4, 10)
  record.set(address.split('.').map(Number), 12)
  return Buffer.concat([head, question.section, record])
}

/** Short, because a manifest may change under a running box. */
const ttlSeconds = 5
