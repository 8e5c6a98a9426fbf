import { expect, test } from 'vitest'

import type { Door } from '../../door.ts'
import { edited, mustLoad } from '../../testing/example.ts'

function addedBy(text: string): Door['add'] | undefined {
  const { app } = mustLoad(edited('add: { authorization: "Bearer {stripe-key}" }', text))
  return app.doors.find(({ name }) => name === 'stripe')?.add
}

// Each loads the example anew: a case of its own.
test.each<[what: string, text: string, added: Partial<Door['add']>]>([
  [
    'headers, query and body',
    'add: { X-Key: "{stripe-key}", query: { key: "{stripe-key}" }, body: { api.key: "{mail-token}" } }',
    {
      headers: { 'x-key': '{stripe-key}' },
      query: { key: '{stripe-key}' },
      body: { 'api.key': '{mail-token}' },
    },
  ],
  [
    'Basic credentials',
    'add: { basic: { user: shop, password: "{stripe-key}" } }',
    { basic: { user: 'shop', password: '{stripe-key}' } },
  ],
  [
    'a certificate',
    'add: { certificate: { cert: "{mail-token}", key: "{stripe-key}" } }',
    { certificate: { cert: '{mail-token}', key: '{stripe-key}' } },
  ],
  [
    'a token',
    'add: { oauth: { token: "https://login.example/oauth/token", client: c, secret: "{stripe-key}", scope: a b } }',
    {
      oauth: {
        token: 'https://login.example/oauth/token',
        privateToken: false,
        client: 'c',
        secret: '{stripe-key}',
        scope: 'a b',
      },
    },
  ],
  ['an identity', 'auth: identity', { identity: { audience: 'https://api.stripe.com' } }],
  ['an identity for an audience', 'auth: { identity: "urn:shop" }', { identity: { audience: 'urn:shop' } }],
  ['a signature', 'auth: signature', { signed: true }],
  [
    'a signature and an identity',
    'auth: { identity: a, signature: true }',
    { signed: true, identity: { audience: 'a' } },
  ],
])('what a door adds stands as %s', (_, text, added) => {
  expect(addedBy(text)).toEqual({ headers: {}, query: {}, body: {}, ...added })
})
