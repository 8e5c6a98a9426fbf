import type { Subject } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { subjectFacts } from './facts.ts'

const alice: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:test::user/alice',
  name: 'alice',
  roles: ['customer'],
  authentication: {
    methods: ['pwd', 'otp'],
    mfa: true,
    authenticatedAtSeconds: 1_000,
    context: 'urn:sallyport:acr:mfa',
    expiresAtSeconds: 2_000,
  },
  credential: {
    issuerName: 'ci',
    keyId: 'k1',
    issuedAtSeconds: 1_100,
    clientId: 'web',
    scopes: ['call'],
    tags: { ref: 'refs/heads/main' },
    boundTo: ['x'],
    binding: 'dpop',
  },
  device: { id: 'd1', managed: true, type: 'laptop' },
}

test('what a credential tells is there with its age', () => {
  expect(subjectFacts(alice, [], 'CH', 1_160_500)).toEqual({
    'sallyport:Roles': ['customer'],
    'sallyport:ElevatedRoles': [],
    'aws:MultiFactorAuthPresent': true,
    'aws:MultiFactorAuthAge': 160,
    'sallyport:AuthenticationAge': 160,
    'sallyport:AuthenticationContext': 'urn:sallyport:acr:mfa',
    'sallyport:AuthenticationMethods': ['pwd', 'otp'],
    'sallyport:TokenAge': 60,
    'sallyport:Issuer': 'ci',
    'sallyport:Client': 'web',
    'sallyport:Scopes': ['call'],
    'sallyport:CredentialBinding': 'dpop',
    'aws:PrincipalTag/ref': 'refs/heads/main',
    'sallyport:DeviceManaged': true,
    'sallyport:DeviceType': 'laptop',
    'sallyport:DeviceId': 'd1',
    'sallyport:DeviceSource': 'sign-in',
    'sallyport:Country': 'CH',
  })
})

test('what nobody stated is absent: an unknown time of sign-in has no age, rather than a small or a large one', () => {
  const { authentication } = alice
  if (authentication === undefined) throw new Error('she is signed in')
  const facts = subjectFacts({ ...alice, authentication: { ...authentication, authenticatedAtSeconds: 0 } }, [], '', 0)
  expect(facts).not.toHaveProperty(['sallyport:AuthenticationAge'])
  expect(facts).not.toHaveProperty(['aws:MultiFactorAuthAge'])
})

test('a sign-in with one factor has no age of a second', () => {
  const { authentication } = alice
  if (authentication === undefined) throw new Error('she is signed in')
  const facts = subjectFacts({ ...alice, authentication: { ...authentication, mfa: false } }, [], '', 1_160_500)
  expect(facts).toHaveProperty(['sallyport:AuthenticationAge'], 160)
  expect(facts).not.toHaveProperty(['aws:MultiFactorAuthAge'])
})

test('a device that this request proved has its own age, and what was wrong is there without one', () => {
  const device = { id: 'd2', managed: true, type: 'phone', source: 'manager', statedAtSeconds: 1_000 } as const
  expect(subjectFacts({ ...alice, device: { ...device, compliant: true } }, [], '', 1_160_500)).toMatchObject({
    'sallyport:DeviceSource': 'manager',
    'sallyport:DeviceAge': 160,
    'sallyport:DeviceCompliant': true,
  })
  const { device: _, ...without } = alice
  const facts = subjectFacts({ ...without, deviceFault: 'device.expired' }, [], '', 0)
  expect(facts).toMatchObject({ 'sallyport:DeviceFault': 'device.expired', 'sallyport:DeviceManaged': false })
  expect(facts).not.toHaveProperty(['sallyport:DeviceId'])
})

test('a token from the future is no younger than a new one', () => {
  const facts = subjectFacts(alice, [], '', 900_000)
  expect(facts).toMatchObject({ 'sallyport:TokenAge': 0, 'sallyport:AuthenticationAge': 0 })
})

test('nobody has no credential to tell of', () => {
  const nobody = subjectFacts({ kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] }, [], undefined, 0)
  expect(Object.keys(nobody).toSorted()).toEqual([
    'aws:MultiFactorAuthPresent',
    'sallyport:DeviceManaged',
    'sallyport:ElevatedRoles',
    'sallyport:Roles',
  ])
})
