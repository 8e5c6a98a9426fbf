import type { Guard } from './guard.ts'

const http = 'packages/server/src/parser/http'
const listeners = ['packages/server/src/parser/listener.test.ts']

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(
  file: string,
  attack: string,
  table: readonly Row[],
  noticedBy: readonly string[] = [`${http}/${file}.test.ts`],
): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({
    name,
    attack,
    file: `${http}/${file}.ts`,
    code,
    without,
    noticedBy,
    testName,
  }))
}

/** What a plain request of a box may hold, and a plain answer to it. */
export const parserPlainGuards: readonly Guard[] = [
  ...rows('plain-request', 'a request has two readings, of which we and the upstream each believe another', [
    ['a plain request is of HTTP/1.1', 'HTTP\\/1\\.1$/', 'HTTP\\/1\\.[01]$/', 'does not begin with "GET / HTTP/1.0"'],
    [
      'a plain target has the letters of one',
      "[A-Za-z0-9\\-._~!$&'()*+,;=:@/?%]*",
      '[^ ]*',
      'does not begin with "GET /# HTTP/1.1"',
    ],
    ['a plain target is a path', ' (\\/[A-Za', ' ([A-Za', 'does not begin with "GET http://a/ HTTP/1.1"'],
    [
      'a plain head has so many bytes',
      'end < 0 || end + headEnd.length > maxHeadBytes',
      'end < 0',
      'a head of more bytes than are allowed',
    ],
    ['a plain field has a name', '!fieldName.test(name) || ', '', 'a space before the colon'],
    ['a plain field ends with its line', ' || !fieldValue.test(value)', '', 'a bare LF'],
    [
      'a plain request has so many fields',
      ' || rawHeaders.length >= 2 * maxFields',
      '',
      'more fields than anybody sends',
    ],
    ['a plain length is a number', ' || !length.test(value)', '', 'a length with a sign'],
    [
      'a plain request says nothing of its connection',
      "value.toLowerCase() === 'keep-alive'",
      "value.toLowerCase().startsWith('keep-alive')",
      'fields that the connection names',
    ],
    ['a plain request stays what it is', "  'upgrade',\n  'trailer',", "  'trailer',", 'is none with another protocol'],
    ['a plain request waits for no leave', "  'expect',\n", '', 'is none with a wait for leave'],
  ]),
  ...rows('plain-answer', 'an answer is taken for more or less than it is', [
    ['a plain answer has no framing of its own', 'particular.has(plain) || ', '', 'is none with a framing of its own'],
    ['a plain answer has fields with names', '!fieldName.test(name) || ', '', 'is none with a name that is none'],
    ['a plain answer is the last one', 'if (status < 200) return undefined', '', 'is none with an interim status'],
    ['to HEAD a plain answer has no body', "method === 'HEAD' || ", '', 'has no body where there is none'],
    ['a status without a body has none', ' || status === 204 || status === 304', '', 'has no body where there is none'],
    ['a plain answer becomes no other protocol', ' || tunnel !== undefined', '', 'is none with another protocol'],
  ]),
  ...rows('plain-one', 'code in a box speaks what was not agreed on', [
    [
      'within TLS the protocol is agreed on beforehand',
      "let mayBeTwo = from.scheme === 'http'",
      'let mayBeTwo = true',
      'that preface within TLS',
    ],
  ]),
  ...rows('http-two', 'an answer of an upstream ends the parser and its box', [
    ['fields that come twice are one', '`${fields[plain]}, ${value}`', 'value', 'has fields that come twice joined'],
  ]),
  ...rows(
    'http-one',
    'what code in a box tries leaves no record',
    [
      [
        'the older version has no chunks',
        " || headers['transfer-encoding'] !== undefined)",
        ')',
        'of the older version has no chunks',
      ],
      [
        'an expectation that nobody knows is on record',
        "server.on('checkExpectation', (message, response) => onRequest(message, response))",
        '',
        'that expects what nobody knows',
      ],
    ],
    listeners,
  ),
  ...(
    [
      ['a session is secured once', 'client !== socket || ', 'within it there is no other'],
      [
        'a session is secured where there is something to do it with',
        'context === undefined || ',
        'where there is none',
      ],
      ['a greeting is whole', "if (body === undefined) return { kind: 'malformed', client }", 'where it ends early'],
    ] as const
  ).map(([name, code, testName]) => ({
    name,
    attack: 'a session of PostgreSQL in a box has two readings',
    file: 'packages/server/src/parser/postgres-greeting.ts',
    code,
    without: '',
    noticedBy: ['packages/server/src/parser/postgres-greeting.test.ts'],
    testName,
  })),
]
