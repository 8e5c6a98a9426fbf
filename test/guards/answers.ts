import type { Guard } from './guard.ts'

const runtime = 'packages/server/src/host/runtime'

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({
    name,
    attack,
    file: `${runtime}/${file}.ts`,
    code,
    without,
    noticedBy: [`${runtime}/${file}.test.ts`],
    testName,
  }))
}

/** What functions answer, and by which connection. */
export const answerGuards: readonly Guard[] = [
  ...rows('streamed', 'a function has its answer taken for what it is not', [
    [
      'a streamed answer that failed late is no shorter one',
      "if (failure?.kind === 'error') fail(failure)",
      '',
      'that failed late is no shorter one',
    ],
    [
      'a streamed answer has a head that is one',
      'if (answer === undefined) {',
      'if (head === undefined) {',
      'whose status is none',
    ],
    ['a head of a streamed answer is an object', ' && !Array.isArray(value)', '', 'whose head is a list'],
    [
      'a streamed answer that is held has a head too',
      'if (prelude === undefined) return noHead',
      '',
      'that is held until it is whole',
    ],
    [
      'a streamed answer that nobody reads on tells how it ended',
      'resolve(failureOf() ?? done)',
      'resolve(done)',
      'that its caller leaves',
    ],
  ]),
  ...rows('streamed', 'a function takes the memory of the server, or what all have of its lines', [
    ['a streamed answer has so many bytes', 'if (bytes > maxStreamedBytes) {', 'if (bytes < 0) {', 'has so many bytes'],
    [
      'a head of a streamed answer has so many bytes',
      'held.length <= maxPreludeBytes',
      'held.length >= 0',
      'whose head is too long',
    ],
    [
      'a streamed answer that nobody reads on is read away',
      'await readAway(chunks)\n      resolve(',
      'resolve(',
      'that its caller leaves',
    ],
    [
      'a streamed answer that is none is read away',
      'await readAway(chunks)\n    return noHead',
      'return noHead',
      'whose status is none',
    ],
  ]),
  ...rows('runtime-api', 'what an earlier call left behind answers a later one', [
    [
      'a call that was given up has no answer',
      'if (running !== invocation) return void request.socket.destroy()',
      '',
      'that was given up while it came',
    ],
    [
      'a runtime that is not ours has so many connections',
      'if (others.size >= maxConnections) return void socket.destroy()',
      '',
      'a runtime that is not ours',
    ],
  ]),
  ...rows('event', 'an answer of a function ends the server, or says more than one thing', [
    ['a status is a whole number', '!Number.isInteger(status) || ', '', 'refuses a status with a fraction'],
    ['a status is the last one', 'status < 200 || ', '', 'refuses a status that is none'],
    ['a status has three figures', 'status > 599 || ', '', 'refuses a status beyond all'],
    ['headers have names', ' || !isRecord(headers)', '', 'refuses headers that are a list'],
    ['fields are so many', 'if (pairs.length > maxFields) return undefined\n', '', 'refuses more fields'],
    ['cookies are a list', '!Array.isArray(cookies) || ', '', 'refuses cookies that are no list'],
    ['a body is a text', "typeof body !== 'string' || ", '', 'refuses a body that is no text'],
    ['a body is coded or not', " || typeof isBase64Encoded !== 'boolean'", '', 'refuses a coding that is no yes or no'],
    [
      'a header has one value',
      "if (typeof content !== 'string' && typeof content !== 'number' && typeof content !== 'boolean') return false",
      '',
      'refuses a header of several values as one',
    ],
    [
      'several values have names',
      'if (!isRecord(value)) return undefined',
      '',
      'refuses several values that are a list',
    ],
    [
      'a name of a header is one',
      "!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || ",
      '',
      'refuses a header name with a blank',
    ],
    [
      'a value of a header ends with it',
      ' || !/^[\\t\\x20-\\x7e\\x80-\\xff]*$/.test(said)',
      '',
      'refuses a header that injects another',
    ],
  ]),
  ...rows('read-answer', 'on a busy machine two threads read at once, and make it busier', [
    ['a function whose answers are only large is read with the others', '50 + bytes / 50_000', '0', 'are only large'],
  ]),
]
