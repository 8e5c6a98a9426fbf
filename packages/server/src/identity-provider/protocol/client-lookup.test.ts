import { expect, test } from 'vitest'

import { cli, clientLookup, type ProviderClient } from './clients.ts'

const redirects = ['https://shop.example/callback']
const keys = [{ kty: 'OKP', crv: 'Ed25519', x: 'AQAB', kid: 'k1' }]
const people = ['authorization_code', 'refresh_token']
const itself = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange']

test.each<readonly [string, Partial<ProviderClient>, readonly string[], string]>([
  ['that keeps no secret and is for people', { redirects }, people, 'none'],
  ['that proves a key and is for nobody else', { keys }, itself, 'private_key_jwt'],
  ['that proves a key and is for people', { keys, redirects }, [...people, ...itself], 'private_key_jwt'],
  ['that proves nothing and is for nobody', {}, [], 'none'],
])('a program %s gets tokens in no other way', (_, more, grants, method) => {
  const client = { name: 'shop', roles: [], redirects: [], logoutRedirects: [], dpop: false, ...more }
  const found = clientLookup(() => [client])
  expect(found('shop')).toMatchObject({ grant_types: grants, token_endpoint_auth_method: method })
  expect(found('shop')?.response_types).toEqual(more.redirects === undefined ? [] : ['code'])
  expect(found(cli.id)?.grant_types).not.toContain('client_credentials')
  expect(found('nobody')).toBeUndefined()
})
