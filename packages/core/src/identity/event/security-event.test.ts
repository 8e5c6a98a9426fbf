import { SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { createKeySet } from '../keys/key-set.ts'
import { createTestIssuer, type TestIssuer, testNow } from '../testing/test-issuer.ts'
import type { EventMeaning } from './event-kinds.ts'
import { type EventTrust, maxEventAgeSeconds, type SecurityEvent, verifySecurityEvent } from './security-event.ts'

const issuer = 'https://signals.example'
const audience = 'https://shop.example/signals'
const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const risc = 'https://schemas.openid.net/secevent/risc/event-type'
const framework = 'https://schemas.openid.net/secevent/ssf/event-type'
const alice = { format: 'iss_sub', iss: 'https://people.example', sub: 'alice' }

let transmitter: TestIssuer
let trust: EventTrust

beforeAll(async () => {
  transmitter = await createTestIssuer(issuer)
  const keys = createKeySet({ source: { keys: [transmitter.publicJwk] }, nowSeconds: () => testNow })
  trust = { issuer, audience, keys }
})

const usual = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  jti: 'e1',
  iat: testNow - 5,
  sub_id: alice,
  events: { [`${caep}/session-revoked`]: { event_timestamp: testNow - 6 } },
})

function sign(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'secevent+jwt', ...header })
    .sign(transmitter.privateKey)
}

async function read(
  changes: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<SecurityEvent | string> {
  const claims = Object.fromEntries(Object.entries({ ...usual(), ...changes }).filter(([, value]) => value !== null))
  const event = await verifySecurityEvent(await sign(claims, header), trust, testNow)
  return event.kind === 'refused' ? event.code : event
}

test('an event that its transmitter signed for us is taken', async () => {
  expect(await read({})).toEqual({
    kind: 'event',
    id: 'e1',
    issuedAtSeconds: testNow - 5,
    type: `${caep}/session-revoked`,
    meaning: { ends: true },
    subject: { user: { issuer: 'https://people.example', name: 'alice' } },
  })
})

test('we may be one of several for whom it is', async () => {
  expect(await read({ aud: ['https://other.example', audience] })).toMatchObject({ id: 'e1' })
})

const refusals: readonly (readonly [string, string, Record<string, unknown>, Record<string, unknown>?])[] = [
  ['an access token', 'signal.type', {}, { typ: 'at+jwt' }],
  ['a token without a type', 'signal.type', {}, { typ: undefined }],
  ['another transmitter’s', 'signal.wrong_issuer', { iss: 'https://signals.example/' }],
  ['one for somebody else', 'signal.wrong_audience', { aud: 'https://other.example' }],
  ['one for nobody', 'signal.wrong_audience', { aud: null }],
  ['one under another key', 'signal.unknown_key', {}, { kid: 'k2' }],
  ['one that names no key', 'signal.unknown_key', {}, { kid: undefined }],
  ['one without an id', 'signal.claims', { jti: null }],
  ['one with an id beyond measure', 'signal.claims', { jti: 'x'.repeat(257) }],
  ['one without an age', 'signal.claims', { iat: null }],
  ['one with a subject as access tokens have it', 'signal.claims', { sub: 'alice' }],
  ['one that expires as access tokens do', 'signal.claims', { exp: testNow + 60 }],
  ['one without events', 'signal.claims', { events: null }],
  ['one with no event in it', 'signal.claims', { events: {} }],
  [
    'one with two events',
    'signal.claims',
    { events: { [`${caep}/session-revoked`]: {}, [`${caep}/session-established`]: {} } },
  ],
  ['one that was too long on its way', 'signal.too_old', { iat: testNow - maxEventAgeSeconds - 1 }],
  ['one from the future', 'signal.from_future', { iat: testNow + 61 }],
  ['one of an unknown kind', 'signal.unknown_event', { events: { [`${caep}/session-resumed`]: {} } }],
  ['one whose details are none', 'signal.unknown_event', { events: { [`${caep}/session-revoked`]: 'now' } }],
  [
    'one whose word is unknown',
    'signal.unknown_event',
    { events: { [`${caep}/risk-level-change`]: { current_level: 'SOME' } } },
  ],
  [
    'a word that every object has',
    'signal.unknown_event',
    { events: { [`${caep}/risk-level-change`]: { current_level: 'constructor' } } },
  ],
  ['one about nobody', 'signal.unknown_subject', { sub_id: null }],
  [
    'one about an email address',
    'signal.unknown_subject',
    { sub_id: { format: 'email', email: 'alice@shop.example' } },
  ],
  ['one about an empty name', 'signal.unknown_subject', { sub_id: { ...alice, sub: '' } }],
]

describe('is not taken:', () => {
  for (const [what, code, changes, header] of refusals) {
    test(what, async () => {
      expect(await read(changes, header)).toBe(code)
    })
  }

  test('one with another’s signature', async () => {
    const { privateKey } = await createTestIssuer(issuer)
    const token = await new SignJWT(usual())
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'secevent+jwt' })
      .sign(privateKey)
    expect(await verifySecurityEvent(token, trust, testNow)).toMatchObject({ code: 'signal.signature' })
  })

  test('rubbish, or more than a token may hold', async () => {
    expect(await verifySecurityEvent('a.b', trust, testNow)).toMatchObject({ code: 'signal.malformed' })
    expect(await verifySecurityEvent('a'.repeat(100_000), trust, testNow)).toMatchObject({ code: 'signal.too_large' })
  })

  test('anything while the transmitter’s keys cannot be had', async () => {
    const keys = createKeySet({ source: () => Promise.reject(new Error('away')), nowSeconds: () => testNow })
    const event = await verifySecurityEvent(await sign(usual()), { ...trust, keys }, testNow)
    expect(event).toMatchObject({ code: 'signal.keys_unavailable' })
  })
})

const meanings: readonly (readonly [string, Record<string, unknown>, EventMeaning])[] = [
  [`${caep}/session-revoked`, {}, { ends: true }],
  [`${caep}/token-claims-change`, { claims: { role: 'x' } }, { ends: true }],
  [`${caep}/credential-change`, { change_type: 'create' }, { ends: false }],
  [`${caep}/credential-change`, { change_type: 'update' }, { ends: true }],
  [`${caep}/credential-change`, { change_type: 'revoke' }, { ends: true }],
  [`${caep}/credential-change`, { change_type: 'delete' }, { ends: true }],
  [`${caep}/assurance-level-change`, { change_direction: 'increase' }, { ends: false }],
  [`${caep}/assurance-level-change`, { change_direction: 'decrease' }, { ends: true }],
  [`${caep}/device-compliance-change`, { current_status: 'compliant' }, { ends: false, compliant: true }],
  [`${caep}/device-compliance-change`, { current_status: 'not-compliant' }, { ends: true, compliant: false }],
  [`${caep}/risk-level-change`, { current_level: 'LOW' }, { ends: false, risk: 'low' }],
  [`${caep}/risk-level-change`, { current_level: 'MEDIUM' }, { ends: false, risk: 'medium' }],
  [`${caep}/risk-level-change`, { current_level: 'HIGH' }, { ends: true, risk: 'high' }],
  [`${caep}/session-established`, {}, { ends: false }],
  [`${risc}/account-disabled`, { reason: 'hijacking' }, { ends: true }],
  [`${risc}/credential-compromise`, { credential_type: 'password' }, { ends: true }],
  [`${risc}/account-enabled`, {}, { ends: false }],
  [`${framework}/verification`, { state: 'x' }, { ends: false, stream: 'alive' }],
  [`${framework}/stream-updated`, { status: 'paused' }, { ends: false, stream: 'silent' }],
  [`${framework}/stream-updated`, { status: 'disabled' }, { ends: false, stream: 'silent' }],
  [`${framework}/stream-updated`, { status: 'enabled' }, { ends: false, stream: 'alive' }],
]

describe('means what its specification says:', () => {
  for (const [type, details, meaning] of meanings) {
    test(`${type.slice(type.lastIndexOf('/') + 1)} ${JSON.stringify(details)}`, async () => {
      expect(await read({ events: { [type]: details } })).toMatchObject({ meaning })
    })
  }
})

const subjects: readonly (readonly [string, unknown, unknown])[] = [
  ['an opaque id', { format: 'opaque', id: 'alice' }, { user: { name: 'alice' } }],
  [
    'a token',
    { format: 'jwt_id', iss: 'https://people.example', jti: 't1' },
    { token: { issuer: 'https://people.example', id: 't1' } },
  ],
  [
    'a session and its user',
    { format: 'complex', user: alice, session: { format: 'opaque', id: 's1' } },
    { user: { issuer: 'https://people.example', name: 'alice' }, session: 's1' },
  ],
  ['a device alone', { format: 'complex', device: { format: 'opaque', id: 'd1' } }, { device: 'd1' }],
  [
    'a complex subject without its format',
    { user: alice },
    { user: { issuer: 'https://people.example', name: 'alice' } },
  ],
]

describe('names its subject by', () => {
  for (const [what, identifier, subject] of subjects) {
    test(what, async () => {
      expect(await read({ sub_id: identifier })).toMatchObject({ subject })
    })
  }

  test('the event’s own member, as drafts had it', async () => {
    const events = { [`${caep}/session-revoked`]: { subject: alice } }
    expect(await read({ sub_id: null, events })).toMatchObject({ subject: { user: { name: 'alice' } } })
  })

  for (const [what, identifier] of [
    ['an unreadable part of a complex subject', { user: alice, session: { format: 'opaque' } }],
    [
      'an unreadable user in a complex subject',
      { user: { format: 'email', email: 'a@b.example' }, device: { format: 'opaque', id: 'd1' } },
    ],
    ['an opaque id of nothing', { format: 'opaque', id: '' }],
    ['a token without its id', { format: 'jwt_id', iss: 'https://id.example' }],
    ['an id of great length', { format: 'opaque', id: 'a'.repeat(1_025) }],
    ['a complex subject with nobody in it', { format: 'complex', tenant: { format: 'opaque', id: 't' } }],
  ] as const) {
    test(`not by ${what}`, async () => {
      expect(await read({ sub_id: identifier })).toBe('signal.unknown_subject')
    })
  }
})
