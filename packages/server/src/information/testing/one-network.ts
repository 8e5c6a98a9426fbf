/**
 * Tests only: a database in MaxMind's format 2.0 that says one thing about every address. Its tree is a single node
 * whose two records lead to the one entry of the data section.
 */
export function databaseOfOne(record: unknown): Uint8Array {
  const pointer = 1 + 16 // node count + separator: the first byte of the data section
  const tree = Buffer.from([0, 0, pointer, 0, 0, pointer])
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: 'test',
    description: {},
    ip_version: 4,
    languages: [],
    node_count: 1,
    record_size: 24,
  }
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), encode(record), marker, encode(metadata)])
}

/** Types by their number in the format: 2 text, 6 unsigned 32 bits, 7 map, 11 list (extended). */
function encode(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([head(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([value.length, 11 - 7]), ...value.map(encode)])
  const entries = Object.entries(value ?? {})
  return Buffer.concat([head(7, entries.length), ...entries.flat().map(encode)])
}

function head(type: number, size: number): Buffer {
  return Buffer.from([(type << 5) | size])
}
