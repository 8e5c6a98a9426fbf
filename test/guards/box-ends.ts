import { type Guard, guardsIn } from './guard.ts'

const host = 'server/src/host'
const runtime = `${host}/runtime`

/** What a function may do to what serves it, and what becomes of a box that breaks or is not wanted any more. */
export const boxEndGuards: readonly Guard[] = guardsIn([
  [
    'who is not listened to any more is not answered either',
    `${runtime}/runtime-api.ts`,
    'if (breaches > maxBreaches) return\n    const route',
    'const route',
    `${runtime}/runtime-api`,
    'does nothing for what was sent ahead',
  ],
  [
    'so many foreign connections are answered at one time',
    `${runtime}/runtime-api.ts`,
    'if (foreign.size >= maxForeignConnections) return void socket.destroy()',
    '',
    `${runtime}/runtime-api`,
    'answers so many connections of others',
  ],
  [
    'a runtime is not lost with a connection that was answered',
    `${runtime}/runtime-api.ts`,
    'if (waiting !== response) return',
    '',
    `${runtime}/runtime-api`,
    'is lost with the connection on which it waits',
  ],
  [
    'an event is given to a runtime that waits',
    `${runtime}/runtime-api.ts`,
    'if (response === undefined) return\n    ',
    '',
    `${runtime}/runtime-api`,
    'gives nothing to a runtime that does not wait',
  ],
  [
    'a report of a function is an object',
    `${runtime}/failure-report.ts`,
    "if (typeof parsed !== 'object' || parsed === null) return undefined",
    '',
    `${runtime}/failure-report`,
    'a report that is none',
  ],
  [
    'a member of a report is text',
    `${runtime}/failure-report.ts`,
    "typeof value === 'string' ? value : ''",
    'value as string',
    `${runtime}/failure-report`,
    'a report that is none',
  ],
  [
    'an answer that was streamed has a head that ends',
    `${runtime}/streamed.ts`,
    'end === -1 ? undefined : parsePrelude',
    'parsePrelude',
    `${runtime}/streamed`,
    'that is held until it is whole has a head too',
  ],
  [
    'a box has no inspector',
    `${runtime}/runtimes.ts`,
    'debug ? [`--inspect=127.0.0.1:${inBox.debugPort}`] : []',
    '`--inspect=127.0.0.1:${inBox.debugPort}`.split(" ")',
    `${runtime}/runtime-plan`,
    'a box has an inspector where somebody debugs',
  ],
  [
    'a program whose version is not told has none',
    `${runtime}/runtimes.ts`,
    'if (status?.isSymbolicLink() !== true) return undefined',
    '',
    `${runtime}/runtime-plan`,
    'the version of Python',
  ],
  [
    'an event has its cookies in one place',
    `${runtime}/event.ts`,
    "if (name === 'cookie') continue",
    '',
    `${runtime}/event`,
    'has cookies in one place',
  ],
])
