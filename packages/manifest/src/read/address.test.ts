import { expect, test } from 'vitest'

import { readAddress } from './address.ts'

test.each([
  ['https://api.example.com', false, false],
  ['https://203.0.113.7', false, false],
  ['https://[2001:db8::1]', false, false],
  ['https://10.1.2.3', true, false],
  ['https://192.168.0.1', true, false],
  ['https://172.16.0.1', true, false],
  ['https://172.31.255.255', true, false],
  ['https://172.15.0.1', false, false],
  ['https://172.32.0.1', false, false],
  ['https://192.169.0.1', false, false],
  ['https://[fd12::1]', true, false],
  ['http://127.0.0.1:8481', true, true],
  ['http://localhost', true, true],
  ['http://[::1]', true, true],
])('%s is an address; private: %s, on this machine: %s', (text, isPrivate, loopback) => {
  expect(readAddress(text)).toMatchObject({ kind: 'address', private: isPrivate, loopback })
})

test.each([
  ['ftp://api.example.com', 'is not an http or https URL'],
  ['https://api.example.com:0', 'is not an http or https URL'],
  ['https://api.example.com:65536', 'is not an http or https URL'],
  ['https://api.example.com/v1', 'holds more than scheme, host and port'],
  ['https://user@api.example.com', 'holds more than scheme, host and port'],
  ['https://-a.example.com', 'is not a host name or address'],
  ['https://a.0x7f', 'is not a host name or address'],
  ['https://0.0.0.1', 'is not a host name or address'],
  ['https://127.1', 'is not a host name or address'],
  ['https://0177.0.0.1', 'is not a host name or address'],
  ['https://[::ffff:10.0.0.1]', 'is not a host name or address'],
  ['https://[2001:DB8::1]', undefined],
  ['https://169.254.169.254', 'is a link-local address'],
  ['https://[fe80::1]', 'is a link-local address'],
  ['https://168.63.129.16', 'is where a cloud keeps credentials'],
  ['https://[fd20:ce::254]', 'is where a cloud keeps credentials'],
  ['http://api.example.com', 'plain HTTP to'],
  ['http://10.1.2.3', 'plain HTTP to'],
])('%s leads nowhere: %s', (text, why) => {
  if (why === undefined) expect(readAddress(text)).toMatchObject({ kind: 'address' })
  else expect(readAddress(text)).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) })
})
