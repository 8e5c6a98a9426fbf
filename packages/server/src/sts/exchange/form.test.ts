import { expect, test } from 'vitest'

import { exchangeWords, readExchangeForm } from './form.ts'

const type = 'application/x-www-form-urlencoded'
const audience = 'urn:shop'
const { exchange, certificate, jwt } = exchangeWords
const asked = { grant_type: exchange, subject_token: 'a.b.c', subject_token_type: jwt }

const read = (fields: Readonly<Record<string, string>>, contentType: string | undefined = type): unknown =>
  readExchangeForm(Buffer.from(new URLSearchParams(fields).toString()), contentType, audience)

test('a form asks for a token', () => {
  expect(read({ ...asked, scope: 'a  b' })).toMatchObject({ kind: 'exchange', token: 'a.b.c', scope: ['a', 'b'] })
  expect(read(asked, `${type.toUpperCase()}; charset=UTF-8`)).toMatchObject({ kind: 'exchange' })
  expect(read({ grant_type: certificate, client_id: 'us' })).toMatchObject({ kind: 'certificate' })
})

test.each([
  ['of another type', asked, 'application/json'],
  ['of no token', { ...asked, subject_token: '' }],
  ['that brings a token beside its certificate', { ...asked, grant_type: certificate }],
])('what is no form %s', (_, fields, contentType = type) => {
  expect(read(fields, contentType)).toEqual({ kind: 'refused', code: 'exchange.form' })
})

test('what is no text is no form', () => {
  const body = Buffer.concat([
    Buffer.from(new URLSearchParams(asked).toString()),
    Buffer.from('&scope='),
    Buffer.from([0xff]),
  ])
  expect(readExchangeForm(body, type, audience)).toEqual({ kind: 'refused', code: 'exchange.form' })
})
