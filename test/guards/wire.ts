import type { Guard } from './guard.ts'

const parser = 'packages/server/src/parser'
const listen = 'packages/server/src/egress/listen'
const messages = [`${parser}/wire/messages.test.ts`]
const links = [`${parser}/wire/link.test.ts`]
const frames = [`${parser}/wire/frames.test.ts`]
const ports = [`${listen}/parser-port.test.ts`]
const headers = [`${listen}/headers.test.ts`]
const callers = [`${listen}/caller.test.ts`]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

const takenOver = 'a parser that was taken over says what no parser can'

/** What the server reads of a parser, and what it lets through of a head. */
export const wireGuards: readonly Guard[] = [
  ...rows(`${parser}/wire/messages.ts`, messages, takenOver, [
    [
      'a server name has 255 bytes',
      'from.text(maxNameBytes)\n    const method',
      'from.text(1e9)\n    const method',
      'a server name of 256',
    ],
    ['a method has 32 bytes', 'from.text(maxMethodBytes)', 'from.text(1e9)', 'a method of 33'],
    [
      'a target is no longer than a head',
      'const target = from.text(maxHeadBytes)',
      'const target = from.text(1e9)',
      'a target of more',
    ],
    [
      'an address has 64 bytes',
      'const localAddress = from.text(maxAddressBytes)\n    const rawHeaders',
      'const localAddress = from.text(1e9)\n    const rawHeaders',
      'an address of 65',
    ],
    [
      'a head has so many headers',
      'from.texts(maxHeaders, maxHeadBytes)',
      'from.texts(1e9, maxHeadBytes)',
      'more headers than',
    ],
    [
      'a header is no longer than a head',
      'from.texts(maxHeaders, maxHeadBytes)',
      'from.texts(maxHeaders, 1e9)',
      'a header of more',
    ],
    [
      'a header has a value',
      "if (rawHeaders.length % 2 !== 0) throw new Malformed('a header without a value')",
      '',
      'a header without',
    ],
    [
      'a whole body has so many bytes',
      'from.rest(whole ? maxWholeBytes : 0)',
      'from.rest(whole ? 1e9 : 0)',
      'a whole body that is none',
    ],
    [
      'a body is whole or comes later',
      'from.rest(whole ? maxWholeBytes : 0)',
      'from.rest(maxWholeBytes)',
      'said to come later',
    ],
    [
      'a name has 255 bytes',
      'read: parsed((from) => from.text(maxNameBytes)),',
      'read: parsed((from) => from.text(1e9)),',
      'with a name of 256',
    ],
    ['a question has a type of DNS', 'type > 0xffff || ', '', 'a type that DNS has not'],
    ['a question has the letters of a name', ' || !/^[a-z0-9_?.-]*$/.test(asked)', '', 'letters that no name has'],
    ['a greeting has no zero byte', "texts.some((text) => text.includes('\\0')) || ", '', 'with a zero byte'],
    ['a parameter has a name', " || parameters.has('')", '', 'a parameter without a name'],
    ['a minor version has two bytes', 'minor > 0xffff || ', '', 'a minor version'],
    [
      'a parameter comes once, with its value',
      ' || 2 * parameters.size !== texts.length',
      '',
      'a parameter that comes twice',
    ],
    [
      'a greeting has so many parameters',
      'from.texts(2 * maxParameters, maxStartupBytes)',
      'from.texts(1e9, maxStartupBytes)',
      'too many parameters',
    ],
    ['a key to cancel by has so many bytes', 'from.rest(maxStartupBytes)', 'from.rest(1e9)', 'a key to cancel by'],
    ['nothing is left over', 'from.end()\n', '', 'something left over'],
  ]),
  ...rows(`${parser}/wire/pack.ts`, messages, takenOver, [
    ['nothing is read beyond a payload', 'bytes > fixedEnd - from', 'bytes < 0', 'a length that ends early'],
    [
      'a payload says how long its parts are',
      'payload.length < headBytes',
      'payload.length < 0',
      'less than says how long',
    ],
    ['the parts of a payload lie within it', 'textEnd > payload.length', 'textEnd < 0', 'a part that ends beyond it'],
    [
      'a value is one of its table',
      "if (value === undefined) throw new Malformed('there is no such value')",
      '',
      'a scheme that there is not',
    ],
    ['a text has so many bytes', 'length > maxLength', 'maxLength < 0', 'with a name of 256'],
    ['there are so many texts', 'count > maxCount', 'maxCount < 0', 'more headers than'],
    ['there are so many bytes', 'payload.length - textEnd > maxBytes', 'maxBytes < 0', 'a whole body that is none'],
    ['a payload ends with its last value', 'from !== fixedEnd || ', '', 'something left over'],
    ['a payload ends with its last text', ' || read !== all.length', '', 'a text left over'],
    ['a payload ends with what it ends with', ' || !ended', '', 'bytes left over'],
  ]),
  ...rows(`${parser}/wire/link.ts`, links, takenOver, [
    [
      'a parser gives no more credit than there is',
      "if (sendable > windowBytes) return 'credit'",
      '',
      'credit beyond the window',
    ],
    [
      'a part belongs to a stream',
      "stream === undefined ? 'stream' : stream.take(kind, payload)",
      'stream === undefined ? undefined : stream.take(kind, payload)',
      'a part of no stream',
    ],
    [
      'a stream ends once',
      "case kinds.end:\n          if (theirs !== 'open') return 'stream'",
      'case kinds.end:',
      'two ends of one stream',
    ],
    [
      'a parser takes no part of the server',
      "frameReader(side === 'server' ? ofParser : ofServer,",
      'frameReader(new Set(Object.values(kinds)),',
      'a kind that only the server sends',
    ],
  ]),
  ...rows(`${parser}/wire/frames.ts`, links, takenOver, [
    [
      'a frame is of a kind that this side takes',
      "if (!known.has(kind)) return 'kind'",
      '',
      'of a kind that this side does not take',
    ],
  ]),
  ...rows(`${parser}/wire/frames.ts`, frames, 'the beginning of one frame stands in the middle of another', [
    [
      'a piece of a frame is kept as it came',
      'held.push(Buffer.from(bytes))',
      'held.push(bytes)',
      'keeps nothing of the memory',
    ],
    [
      'the rest of what came is kept as it came',
      'all.length === 0 ? [] : [Buffer.from(all)]',
      'all.length === 0 ? [] : [all]',
      'keeps nothing of the memory',
    ],
  ]),
  ...rows(`${listen}/parser-port.ts`, ports, takenOver, [
    [
      'a parser that broke its protocol is ended',
      'link.destroy()\n    handlers.onFault(fault)',
      'handlers.onFault(fault)',
      'a number that was passed over',
    ],
    [
      'a clearing is confirmed once, and in order',
      "if (waiting === undefined || number !== confirmed + 1) return 'cleared'",
      'if (waiting === undefined) return undefined',
      'a confirmation that nobody asked for',
    ],
    [
      'a greeting was waited for',
      'greeting === undefined || (waiting === undefined && clearing.size === 0)',
      'greeting === undefined',
      'a greeting that nobody waits for',
    ],
    [
      'a parser does not clear for ever',
      "setTimeout(() => fail('unconfirmed'), limits.clearMs)",
      'setTimeout(() => undefined, limits.clearMs)',
      'does not confirm it',
    ],
    [
      'nothing is answered to what has ended',
      'if (over || accepted !== generation || stream',
      'if (over || stream',
      'sends no answer to it',
    ],
    [
      'nobody waits for a parser that is gone',
      'clearTimeout(timer)\n      done()',
      'clearTimeout(timer)',
      'does not wait for a parser that is gone',
    ],
  ]),
  ...rows(`${listen}/headers.ts`, headers, 'two readers of one head disagree', [
    [
      'nothing of the connection goes out',
      'else if (hopByHop.has(name)) continue',
      'else if (hopByHop.size === 0) continue',
      'holds nothing of the connection, whatever',
    ],
    [
      'an answer comes so that it can be looked through',
      "[...headers, ['accept-encoding', 'identity']]",
      '[...headers]',
      'that can be looked through',
    ],
    [
      'trailers are asked for by HTTP/2 alone',
      "if (protocol === '2' && given.get('te') === 'trailers')",
      "if (given.get('te') === 'trailers')",
      'holds nothing of the connection, whatever',
    ],
    [
      'nothing but trailers is asked for by that word',
      "given.get('te') === 'trailers')",
      "given.get('te')?.includes('trailers'))",
      'asks for trailers by HTTP/2 alone',
    ],
    [
      'a call that may be repeated has a key',
      'if (idempotency !== undefined && !given.has(idempotency))',
      'if (idempotency === null)',
      'a key of idempotency',
    ],
    ['nothing of the connection comes back', '!hopByHop.has(name) &&', '', 'holds nothing of the connection, nor'],
    [
      'nothing that the connection names comes back',
      '!named.includes(name) &&',
      '',
      'holds nothing of the connection, nor',
    ],
    [
      'nothing comes back that was not named',
      '(only === undefined || only.includes(name) || always.has(name))',
      'true',
      'is what was named',
    ],
  ]),
  ...rows(`${listen}/caller.ts`, callers, 'a function writes into a log what it likes', [
    ['a caller is said once', 'more.length > 0 || ', '', 'it is two headers'],
    ['a caller has so many frames', 'frames.length > maxFrames || ', '', 'it is seventeen frames'],
    ['every frame of a caller is one', ' || frames.includes(null)', '', 'it is one bad frame among good ones'],
    ['a package has a name that npm accepts', ' && npmName.test(name)', '', 'has a name that npm accepts'],
    ['a package is not looked for above the app', "!at.startsWith('..') && ", '', 'is not looked for above the app'],
    ['a package’s file has so many bytes', ' && status.size <= maxBytes', '', 'is not read from a file without end'],
  ]),
  ...rows(`${parser}/dns-message.ts`, [`${parser}/dns-message.test.ts`], 'a datagram of any bytes', [
    ['a question has no answers in it', ' || datagram.readUInt32BE(6) !== 0', '', 'refuses answers in a question'],
    ['a name in DNS has 255 bytes', ' || at - 12 > 254', '', 'a name of more than 255 bytes'],
    ['a question is of the one class', ' || datagram.readUInt16BE(at + 2) !== classIn', '', 'refuses another class'],
    ['a question has a type and a class', 'at + 4 > datagram.length || ', '', 'a name with nothing behind it'],
  ]),
  ...rows(`${parser}/postgres-greeting.ts`, [`${parser}/postgres-greeting.test.ts`], 'code in a box asks without end', [
    ['encryption is asked for so often', 'round < 3', 'round < 9', 'so often and no more'],
  ]),
  ...rows(
    `${parser}/postgres-messages.ts`,
    [`${parser}/postgres-greeting.test.ts`],
    'code in a box names itself twice',
    [
      ['a startup has names', "name === '' || ", '', 'names each parameter once'],
      ['a startup has pairs', ' || parts.length % 2 !== 0', '', 'names each parameter once'],
      [
        'a startup ends as it must',
        "parts.pop() !== '' || parts.pop() !== '' || ",
        'parts.pop() === undefined || parts.pop() === undefined || ',
        'names each parameter once',
      ],
    ],
  ),
]
