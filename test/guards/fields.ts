import type { Guard } from './guard.ts'

const fields = 'packages/server/src/egress/door/fields.ts'
const fieldTests = ['packages/server/src/egress/door/fields.test.ts']
const listen = 'packages/server/src/egress/listen'

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

/** What a door reads of heads, queries and bodies before it judges them. */
export const fieldGuards: readonly Guard[] = [
  ...rows(fields, fieldTests, 'a field has two readings, of which the door and the upstream each believe another', [
    [
      'a form has so many parameters',
      'if (parts.length > maxPairs) return undefined',
      '',
      'a form has so many parameters',
    ],
    [
      'a parameter is written in whole letters',
      'return undefined // an escape that is none',
      'return text // an escape that is none',
      'a query with half a letter',
    ],
    ['a parameter of a query has a name', " || name === ''", '', 'a query with a parameter without a name'],
    [
      'a parameter is written as RFC 3986 has it',
      'if (!/^(?:[\\x21-\\x7e])*$/.test(text)) return undefined',
      '',
      'a query with a space as it stands',
    ],
    [
      'a body is in the charset that is read',
      "if (charset.toLowerCase() !== 'utf-8') return undefined",
      '',
      'a body in another charset',
    ],
    [
      'a body is of a kind that is read',
      "type.toLowerCase() === 'application/x-www-form-urlencoded' ? 'form' : undefined",
      "'form'",
      'a body of another kind',
    ],
    ['a number is carried as it was written', 'digits.length <= 15 && ', '', 'a number of too many digits'],
    ['a number is one that can be carried', ' && Number.isFinite(Number(number))', '', 'a number beyond all'],
    [
      'a form is judged as JSON is',
      'takenForAdded(own, added) ?? (constraints === undefined ? undefined : brokenConstraint(constraints, own))',
      'takenForAdded(own, added)',
      'are read, judged and written anew',
    ],
  ]),
  ...rows(
    'packages/manifest/src/match/constraint.ts',
    ['packages/manifest/src/match/constraint.test.ts'],
    'members without number hold the thread that serves everybody',
    [['so many names are compared', 'if (oneTooMany !== undefined) return oneTooMany[0]', '', 'has so many names']],
  ),
  ...rows(
    'packages/server/src/egress/door/returned.ts',
    ['packages/server/src/egress/door/returned.test.ts'],
    'an answer holds the thread that serves everybody',
    [
      [
        'an answer has so many values',
        'if (!isModest(text, maxValues)) {',
        'if (maxValues < 0) {',
        'has so many values',
      ],
    ],
  ),
  ...rows(
    'packages/server/src/gateway/body-schema.ts',
    ['packages/server/src/gateway/body-schema.test.ts'],
    'a caller holds the thread that serves everybody with megabytes of brackets',
    [
      [
        'a body that is held to a schema has so many values',
        'if (!isModest(text, maxValues))',
        'if (maxValues < 0)',
        'refuses more values',
      ],
    ],
  ),
  ...rows(
    `${listen}/body.ts`,
    [`${listen}/body.test.ts`],
    'bodies that are read hold the thread that serves everybody',
    [['a whole body costs what is done with it', 'bytes.length * byteCost', '0', 'costs what is done']],
  ),
  ...rows(`${listen}/head.ts`, [`${listen}/head.test.ts`], 'a path that we and the upstream resolve differently', [
    ['an exit has no encoded dots', '/%2e|%2f', '/%2f', 'with encoded dots has a fault'],
    ['an exit has no encoded slash', '%2e|%2f|', '%2e|', 'with an encoded slash has a fault'],
    ['an exit has no empty segment', '|%00|\\/\\/|', '|%00|', 'with a doubled slash has a fault'],
    ['an exit has no segment of two dots', '\\.{1,2}', '\\.{1,1}', 'with dot segments has a fault'],
    ['an exit does not end in dots', '\\.{1,2}(\\/|$)', '\\.{1,2}\\/', 'that ends in dots has a fault'],
    [
      'an exit has the letters of a target',
      ' || !wellFormedTarget.test(head.path + head.query)',
      '',
      'with half a letter has a fault',
    ],
    [
      'the query of an exit has the letters of one',
      'wellFormedTarget.test(head.path + head.query)',
      'wellFormedTarget.test(head.path)',
      'with a space in its query has a fault',
    ],
    [
      'an exit has no name before its host',
      '/^([A-Za-z0-9._-]+|',
      '/^([A-Za-z0-9._@-]+|',
      'with a name in front has a fault',
    ],
  ]),
]
