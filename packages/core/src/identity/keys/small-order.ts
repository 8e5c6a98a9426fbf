/**
 * The `y` of every point of Ed25519 whose order divides 8, little-endian hex with the sign of `x` left out, in each
 * spelling that libraries take: 0, 1, -1, the two of order 8, and 0 and 1 with the field's prime added (RFC 8032
 * §5.1.3).
 */
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** Whether an Ed25519 key (32 bytes) is such a point: with it, one signature is good for any message. */
export function isSmallOrder(point: Uint8Array): boolean {
  const digits = Array.from(point, (byte, at) => (at === 31 ? byte & 0x7f : byte).toString(16).padStart(2, '0'))
  return smallOrder.has(digits.join(''))
}
