import { expect, test } from 'vitest'

import { compileLocations, countedNetwork } from './networks.ts'

const countryOf = compileLocations([
  { country: 'CH', networks: ['127.0.0.1/32', '10.1.0.0/16', 'fd00::/8'] },
  { country: 'US', networks: ['127.0.66.0/24', '192.0.2.7'] },
])

test.each([
  ['127.0.0.1', 'CH'],
  ['::ffff:127.0.0.1', 'CH'],
  ['10.1.255.255', 'CH'],
  ['fd00::1', 'CH'],
  ['127.0.66.6', 'US'],
  ['192.0.2.7', 'US'],
])('%s is in %s', (address, country) => {
  expect(countryOf(address)).toBe(country)
})

test.each(['127.0.0.2', '10.2.0.1', '192.0.2.8', '::1', '', 'localhost', '127.0.0.1, 127.0.66.6'])(
  'nobody knows where %j is, so a rule that asks for a country refuses it',
  (address) => {
    expect(countryOf(address)).toBeUndefined()
  },
)

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s is counted as %s', (address, network) => {
  expect(countedNetwork(address)).toBe(network)
})
