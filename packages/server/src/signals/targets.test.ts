import { expect, test } from 'vitest'

import { targetsOf } from './targets.ts'

const about = { issuerName: 'okta', issuer: 'https://okta.example' }
const own = { issuerName: 'embedded', issuer: 'https://shop.example' }
const alice = { issuer: about.issuer, name: 'alice' }

test('an event ends the narrowest thing that it names', () => {
  expect(targetsOf({ user: alice }, about)?.ends).toEqual(['user/okta:alice'])
  expect(targetsOf({ user: alice, session: 's' }, about)?.ends).toEqual(['session/s'])
  expect(targetsOf({ user: alice, session: 's', token: { issuer: about.issuer, id: 't' } }, about)?.ends).toEqual([
    'token/okta:t',
  ])
})

test('a device stands for itself among our own people, and for its owner among others’', () => {
  const device = 'laptop'
  const standsFor = { ends: ['user/okta:alice'], standing: ['user/okta:alice'], device }
  expect(targetsOf({ user: alice, device }, about)).toEqual(standsFor)
  const itself = { ends: ['device/laptop'], standing: ['device/laptop'] }
  expect(targetsOf({ user: { issuer: own.issuer, name: 'alice' }, device }, own)).toEqual(itself)
})

test('an event about nobody, or about somebody of another issuer, means nobody', () => {
  expect(targetsOf({}, about)).toBeUndefined()
  expect(targetsOf({ user: { ...alice, issuer: 'https://elsewhere.example' } }, about)).toBeUndefined()
  expect(targetsOf({ token: { issuer: 'https://elsewhere.example', id: 't' } }, about)).toBeUndefined()
})
