import type { Guard } from './guard.ts'

const file = 'packages/server/src/egress/aws/tables-answer.ts'
const noticedBy = ['packages/server/src/egress/aws/tables-answer.test.ts']
const attack = 'a row makes something else of the code in the thread of the tables'

const rows: readonly (readonly [name: string, code: string, without: string, testName: string])[] = [
  ['nothing is no answer of the tables', ' || said === null', '', 'nothing is no answer'],
  ['an answer of the tables has a number', "typeof id !== 'number' || ", '', 'a number that is none'],
  ['an answer of the tables has a body', " || typeof body !== 'string'", '', 'a body that is none'],
  ['a status of the tables is one', '!Number.isInteger(status) || ', '', 'a status that no answer has'],
  ['a status of the tables is a last one', 'status < 200 || ', '', 'the status of what comes before'],
  ['a status of the tables has three figures', ' || status > 599', '', 'a status beyond all'],
]

/** What the thread of the embedded tables may say to the server. */
export const tableGuards: readonly Guard[] = rows.map(([name, code, without, testName]) => ({
  name,
  attack,
  file,
  code,
  without,
  noticedBy,
  testName,
}))
