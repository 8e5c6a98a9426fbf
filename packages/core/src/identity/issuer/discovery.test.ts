import { describe, expect, test } from 'vitest'

import { discoverKeys, type FetchDocument, parseKeyAddress } from './discovery.ts'
import { reachOf } from './public-address.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

describe('an address that keys are taken from', () => {
  test.each(['https://issuer.example/keys', 'https://8.8.8.8/keys', 'https://[2606:4700::1]/keys'])(
    '%s is one',
    (address) => {
      expect(codeOf(() => parseKeyAddress(address, false))).toBe('accepted')
    },
  )

  test.each([
    'http://issuer.example/keys',
    'file:///etc/passwd',
    'data:application/json,{}',
    'not an address',
    'https://user:word@issuer.example/keys',
    'https://issuer.example/keys#part',
    'https://169.254.169.254/latest/meta-data',
    'https://metadata/computeMetadata',
    'https://10.0.0.1/keys',
    'https://172.31.255.255/keys',
    'https://192.168.1.1/keys',
    'https://100.64.0.1/keys',
    'https://0x7f.1/keys',
    'https://2130706433/keys',
    'https://127.1/keys',
    'https://0.0.0.0/keys',
    'https://[::1]/keys',
    'https://[::]/keys',
    'https://[::ffff:10.0.0.1]/keys',
    'https://[fd00:ec2::254]/keys',
    'https://[fe80::1]/keys',
    'https://[64:ff9b::a00:1]/keys',
    'https://[2002:a00:1::]/keys',
    'https://localhost/keys',
    'https://a.localhost/keys',
  ])('%s is none', (address) => {
    expect(codeOf(() => parseKeyAddress(address, false))).toBe('issuer.address')
  })

  test.each([
    ['http://localhost:8080/keys', 'accepted'],
    ['https://127.0.0.1/keys', 'accepted'],
    ['http://[::1]/keys', 'accepted'],
    ['https://10.0.0.1/keys', 'issuer.address'],
    ['http://issuer.example/keys', 'issuer.address'],
  ])('%s in development is %s', (address, code) => {
    expect(codeOf(() => parseKeyAddress(address, true))).toBe(code)
  })
})

test.each([
  ['8.8.8.8', 'public'],
  ['127.255.0.1', 'loopback'],
  ['198.19.255.255', 'private'],
  ['168.63.129.16', 'private'],
  ['168.63.129.17', 'public'],
  ['198.20.0.0', 'public'],
  ['239.1.1.1', 'private'],
  ['255.255.255.255', 'private'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:8.8.8.8', 'public'],
  ['2001:db8::1', 'private'],
  ['2001:0:1::', 'private'],
  ['2001:4860::8888', 'public'],
  ['example.com', undefined],
  ['::1]/x', undefined],
  ['8.8.8.8]@[::1', undefined],
  ['abcd', undefined],
  ['1:2', undefined],
  ['010.0.0.1', undefined],
  ['1.2.3', undefined],
  ['1.2.3.4.', undefined],
  ['', undefined],
])('%s is %s', (address, reach) => {
  expect(reachOf(address)).toBe(reach)
})

describe('discovery', () => {
  const issuer = 'https://issuer.example/tenant'
  const documents = (metadata: unknown, keys: unknown = { keys: [] }): { asked: string[]; fetch: FetchDocument } => {
    const asked: string[] = []
    return {
      asked,
      fetch: async ({ href }) => {
        asked.push(href)
        return new TextEncoder().encode(JSON.stringify(href.endsWith('/openid-configuration') ? metadata : keys))
      },
    }
  }
  const signal = new AbortController().signal

  test('asks a transmitter of shared signals where RFC 8615 has it: before the path', async () => {
    const asked: string[] = []
    const fetch: FetchDocument = async ({ href }) => {
      asked.push(href)
      const metadata = { issuer, jwks_uri: 'https://issuer.example/keys' }
      return new TextEncoder().encode(JSON.stringify(href.endsWith('/keys') ? { keys: [] } : metadata))
    }
    await discoverKeys({ issuer, metadata: 'ssf-configuration', loopback: false }, fetch)(signal)
    expect(asked).toEqual([
      'https://issuer.example/.well-known/ssf-configuration/tenant',
      'https://issuer.example/keys',
    ])
  })

  test('asks the issuer, then where it says', async () => {
    const { asked, fetch } = documents({ issuer, jwks_uri: 'https://keys.example/jwks' })
    expect(await discoverKeys({ issuer, loopback: false }, fetch)(signal)).toEqual({ keys: [] })
    expect(asked).toEqual([`${issuer}/.well-known/openid-configuration`, 'https://keys.example/jwks'])
  })

  test('asks a known address alone', async () => {
    const { asked, fetch } = documents({})
    await discoverKeys({ issuer, jwksUri: 'https://keys.example/jwks', loopback: false }, fetch)(signal)
    expect(asked).toEqual(['https://keys.example/jwks'])
  })

  test.each<[string, unknown, unknown, string]>([
    [
      'speaks for another issuer',
      { issuer: 'https://evil.example', jwks_uri: 'https://k.example' },
      {},
      'issuer.mismatch',
    ],
    ['speaks for nobody', { jwks_uri: 'https://k.example' }, {}, 'issuer.mismatch'],
    ['names no keys', { issuer }, {}, 'issuer.keys_unusable'],
    ['leads into our network', { issuer, jwks_uri: 'https://169.254.169.254/' }, {}, 'issuer.address'],
    ['leads to plain HTTP', { issuer, jwks_uri: 'http://keys.example/' }, {}, 'issuer.address'],
    ['leads to no key set', { issuer, jwks_uri: 'https://k.example' }, { keys: {} }, 'issuer.keys_unusable'],
    ['leads to a list', { issuer, jwks_uri: 'https://k.example' }, [], 'issuer.keys_unusable'],
  ])('whose document %s is refused', async (_, metadata, keys, code) => {
    const { fetch } = documents(metadata, keys)
    await expect(discoverKeys({ issuer, loopback: false }, fetch)(signal)).rejects.toMatchObject({ code })
  })
})
