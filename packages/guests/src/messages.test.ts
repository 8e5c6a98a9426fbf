import { contextKeys } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { guestInput } from './input.ts'
import { readAnswer } from './messages.ts'
import { request } from './testing/guest.ts'

test('what a guest’s process says is read strictly, and its words are cut and printable', () => {
  const said = [
    { verdict: 'allow' },
    { verdict: 'deny', detail: `a\u001b[2J\n${'b'.repeat(500)}` },
    { verdict: 'ALLOW' },
    null,
    'allow',
  ]
  expect(readAnswer({ kind: 'answer', id: 1, said })).toEqual({
    kind: 'answer',
    id: 1,
    said: [
      { verdict: 'allow' },
      { verdict: 'deny', detail: `a [2J ${'b'.repeat(194)}` },
      { fault: 'guest.faulty', detail: '' },
      { fault: 'guest.faulty', detail: 'it said nothing that can be read' },
      { fault: 'guest.faulty', detail: 'it said nothing that can be read' },
    ],
  })
})

test.each([null, 'ready', [], {}, { kind: 'answer', id: '1', said: [] }, { kind: 'answer', id: 1, said: true }])(
  '%j is no message',
  (value) => {
    expect(readAnswer(value)).toBeUndefined()
  },
)

test('a guest is told who asks for what and why it may matter, and nothing that could be used elsewhere', () => {
  const subject = {
    ...request().subject,
    sessionId: 'session-1',
    token: 'eyJhbGciOi',
    authentication: { methods: ['pwd'], mfa: false, authenticatedAtSeconds: 1, expiresAtSeconds: 2, nonce: 'n-1' },
    device: { id: 'device-1', managed: true, type: 'laptop', key: 'k-1' },
  }
  const input = guestInput(request({ subject, user: subject, context: { [`${contextKeys.guest}/other`]: 'allow' } }))
  const person = {
    kind: 'user',
    id: 'arn:sallyport:identity:shop::user/alice',
    name: 'alice',
    roles: ['support'],
    mfa: false,
    methods: ['pwd'],
    authenticatedAtSeconds: 1,
    deviceManaged: true,
    deviceType: 'laptop',
  }
  expect(input).toEqual({
    principal: person,
    user: person,
    action: 'sallyport:CallRoute',
    resource: 'arn:sallyport:route:shop:public:front/GET /orders',
    context: {},
    actors: [],
    transaction: '2'.repeat(32),
  })
})
