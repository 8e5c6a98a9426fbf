import { expect, test } from 'vitest'

import { readTablesAnswer } from './tables-answer.ts'

const good = { id: 7, status: 200, body: '{}' }

test('an answer of the tables has a number, a status and a body', () => {
  expect(readTablesAnswer(good)).toMatchObject({ id: 7, answer: { status: 200, body: Buffer.from('{}') } })
})

for (const [what, said] of [
  ['nothing', null],
  ['a word', 'ready'],
  ['something without a body', { id: 7, status: 200 }],
  ['a number that is none', { ...good, id: '7' }],
  ['a status that is none', { ...good, status: '200' }],
  ['a status that no answer has', { ...good, status: Number.NaN }],
  ['the status of what comes before an answer', { ...good, status: 101 }],
  ['a status beyond all', { ...good, status: 1_000 }],
  ['a body that is none', { ...good, body: { length: 2 } }],
] as const) {
  test(`${what} is no answer of the tables`, () => expect(readTablesAnswer(said)).toBeUndefined())
}
