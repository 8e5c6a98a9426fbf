import { expect, test } from 'vitest'

import { mailApi } from './mail-api.ts'

const call = {
  method: 'POST',
  path: '/email',
  headers: { 'x-postmark-server-token': 'fake-1' },
  body: JSON.stringify({ To: 'alice@customers.example' }),
}

test('takes a mail that carries its own token', () => {
  expect(mailApi('fake-1')(call)).toMatchObject({ status: 200, body: { ErrorCode: 0 } })
})

test('refuses a mail with another token, or none', () => {
  expect(mailApi('fake-2')(call).status).toBe(401)
  expect(mailApi('fake-1')({ ...call, headers: {} }).status).toBe(401)
})
