import { expect, test } from 'vitest'

import { inNetwork, readAddress, readNetwork } from './network.ts'
import { readBinary, readDate, readNumber } from './values.ts'

test.for([
  ['10', 10],
  ['-1.50', -1.5],
  ['+3', 3],
  ['1e3', undefined],
  ['0x10', undefined],
  ['', undefined],
  [' 1', undefined],
  ['1.', undefined],
  ['.5', undefined],
  ['Infinity', undefined],
  ['900719925474099', 900719925474099],
  ['9007199254740993', undefined],
  ['1.0000000000000001', undefined],
  ['000000000000001', 1],
] as const)('the number %s is %s', ([text, value]) => {
  expect(readNumber(text)).toBe(value)
})

test.for([
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2026-01', Date.UTC(2026, 0, 1)],
  ['2026-01-31T12:30Z', Date.UTC(2026, 0, 31, 12, 30)],
  ['2026-01-31T12:30:15.250Z', Date.UTC(2026, 0, 31, 12, 30, 15, 250)],
  ['2026-01-31T00:30:00+01:00', Date.UTC(2026, 0, 30, 23, 30)],
  ['2026-01-31T00:30:00-01:30', Date.UTC(2026, 0, 31, 2, 0)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-01-31T24:00:00Z', undefined],
  ['2026-01-31T12:00:00', undefined],
  ['2026-01-31 12:00:00Z', undefined],
  ['2026-01-31T12:00:00+15:00', undefined],
  ['1700000000', 1700000000000],
  ['2026', undefined],
  ['0050-01-01', Date.parse('0050-01-01T00:00:00Z')],
  ['yesterday', undefined],
] as const)('the date %s is %s', ([text, value]) => {
  expect(readDate(text)).toBe(value)
})

test.for([
  ['10.0.0.1', true],
  ['010.0.0.1', false],
  ['10.0.0.256', false],
  ['10.0.1', false],
  ['10.0.0.1.2', false],
  ['10.0.0.1 ', false],
  ['::', true],
  ['::1', true],
  ['1::', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:7', false],
  ['1:2:3:4:5:6:7:8:9', false],
  ['1::2::3', false],
  ['1:2:3:4:5:6:7::8', false],
  [':::', false],
  [':1', false],
  ['1:', false],
  ['::12345', false],
  ['fe80::1%eth0', false],
  ['::ffff:10.0.0.1', true],
  ['::ffff:10.0.0.01', false],
  ['::10.0.0.1:1', false],
  ['1:2:3:4:5:6:10.0.0.1', true],
  ['1.2.3.4::', false],
] as const)('whether %s is an address: %s', ([text, is]) => {
  expect(readAddress(text) !== undefined).toBe(is)
})

test.for([
  ['10.0.0.0/8', '10.9.9.9', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3/32', '10.1.2.4', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '10.0.0.1', false],
  ['::ffff:10.0.0.0/104', '10.1.1.1', true],
  ['10.0.0.0/8', '::ffff:a01:101', true],
  ['2001:db8::/33', '2001:db8:8000::', false],
] as const)('whether %s holds %s: %s', ([block, text, holds]) => {
  const [network, address] = [readNetwork(block), readAddress(text)]
  if (network === undefined || address === undefined) throw new Error('unreadable')
  expect(inNetwork(address, network)).toBe(holds)
})

test.for(['10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/', '::/129', '10.0.0.0/-1', '10.0.0.0/8/8', '::ffff:0.0.0.0/95'])(
  'the block %s is refused',
  (text) => {
    expect(readNetwork(text)).toBeUndefined()
  },
)

test('base64 is read in its one canonical form only', () => {
  expect(readBinary('AQID')).toBe('\u0001\u0002\u0003')
  expect(readBinary('AQ==')).toBe('\u0001')
  // The same byte with a left-over bit set.
  expect(readBinary('AR==')).toBeUndefined()
  expect(readBinary('AQ')).toBeUndefined()
  expect(readBinary('A Q=')).toBeUndefined()
})
