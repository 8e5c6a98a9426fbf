import type { Guard } from './guard.ts'

const egress = 'packages/server/src/egress'
const body = `${egress}/listen/body.ts`
const redact = `${egress}/door/redact.ts`
const socket = `${egress}/door/web-socket.ts`
const hello = 'packages/server/src/parser/server-name.ts'
const bodies = [`${egress}/listen/body.test.ts`]
const secrets = [`${egress}/door/redact.test.ts`]
const sockets = [`${egress}/door/web-socket.test.ts`]
const names = ['packages/server/src/parser/server-name.test.ts']

/** Takes what has come of a body for all of it. */
const asWhole = "finish({ kind: 'body', content: { kind: 'whole', bytes: Buffer.concat(parts) }, reserved: size })"

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

/** What a box sends has bounds and is read strictly; what comes back is looked through. */
export const boundGuards: readonly Guard[] = [
  ...rows(body, bodies, 'a body that never ends takes the memory of the server', [
    [
      'a body that came with its head has so many bytes',
      'if (!room || bytes.length > maxBytes)',
      'if (!room)',
      'that came with its head has so many bytes',
    ],
    [
      'a body that came with its head is held where there is room',
      'if (!room || bytes.length > maxBytes)',
      'if (bytes.length > maxBytes)',
      'that came with its head is held where there is room',
    ],
    [
      'a body that is read whole has so many bytes',
      'if (!room || size > limits.maxBytes) {',
      'if (!room) {',
      'that is read whole has so many bytes',
    ],
    [
      'a body that is read whole ends in time',
      "setTimeout(() => refuse(unfinished('The body of the request did not end in time.')), limits.timeoutMs)",
      'setTimeout(() => undefined, limits.timeoutMs)',
      'that is read whole and does not end in time',
    ],
    [
      'a body that broke is no shorter one',
      "body.once('error', () => refuse(",
      `body.once('error', () => ${asWhole} ?? (`,
      'that is read whole and breaks',
    ],
    [
      'a body that was closed is no shorter one',
      "body.once('close', () => refuse(",
      `body.once('close', () => ${asWhole} ?? (`,
      'that is read whole and is closed before its end',
    ],
    [
      'a body ends with its invocation',
      "limits.signal.addEventListener('abort', abort, { once: true })",
      '',
      'that is read whole and outlives its invocation',
    ],
    [
      'a body of an invocation that has ended is not read',
      'if (limits.signal.aborted) return abort()',
      '',
      'that is read whole and comes when its invocation has ended',
    ],
    [
      'a body that streams has so many bytes',
      'if (size > limits.maxBytes) return breakWith(tooLarge(limits.maxBytes))',
      '',
      'that streams and has more bytes',
    ],
    [
      'a body that streams goes on in time',
      "setTimeout(() => breakWith(unfinished('The body of the request did not go on in time.')), limits.timeoutMs)",
      'setTimeout(() => undefined, limits.timeoutMs)',
      'that streams and does not go on in time',
    ],
    [
      'a body that streams and is closed is no shorter one',
      'if (!body.readableEnded) breakWith(',
      'if (!body.readableEnded) stream.push(null) ?? (',
      'that streams and is closed before its end',
    ],
  ]),
  ...rows(redact, secrets, 'doors.find-key', [
    ['a secret is starred out as it is', "patterns.add(bytes.toString('latin1', 2))", '', 'as it is is starred out'],
    [
      'a secret is starred out percent-encoded',
      'patterns.add(encodeURIComponent(secret.toWellFormed()))',
      '',
      'percent-encoded is starred out',
    ],
    [
      'a secret is starred out of fields',
      'if (!patterns.some((pattern) => all.includes(pattern))) ',
      '',
      'among fields',
    ],
    ['a secret is starred out in hex', "patterns.add(bytes.toString('hex', 2))", '', 'in hex is starred out'],
    ['a secret is starred out in base64', 'of [0, 1, 2]', 'of [1, 2]', 'in base64 is starred out'],
    ['a secret is starred out in base64 behind one byte', 'of [0, 1, 2]', 'of [0, 2]', 'in base64 behind one byte'],
    ['a secret is starred out in base64 behind two bytes', 'of [0, 1, 2]', 'of [0, 1]', 'in base64 behind two bytes'],
    [
      'a secret is starred out in base64 for URLs',
      "patterns.add(base64Core(bytes, shift, 'base64url'))",
      '',
      'in base64 for URLs',
    ],
    [
      'a secret is starred out as often as it comes',
      'at = text.indexOf(pattern, at + 1)',
      'at = -1',
      'as often as it comes',
    ],
    [
      'a secret that overlaps itself is starred out to its end',
      'at = text.indexOf(pattern, at + 1)',
      'at = text.indexOf(pattern, at + pattern.length)',
      'as often as it comes',
    ],
    [
      'ordinary text is not starred out for a short secret',
      '.filter(({ length }) => length >= minPatternBytes)',
      '',
      'that is too short',
    ],
    [
      'a secret is starred out wherever a stream is cut',
      'const keep = tailToKeep(bytes, patterns)',
      'const keep = Math.min(0, tailToKeep(bytes, patterns))',
      'wherever a stream is cut',
    ],
    ['what was held back is given at the end', 'done(null, held)', 'done(null)', 'that only began'],
  ]),
  ...rows(socket, sockets, 'doors.find-key', [
    [
      'a WebSocket speaks by no extension',
      " || given.has('sec-websocket-extensions')",
      '',
      'by an extension that nobody asked for',
    ],
    [
      'a WebSocket asks for no extension',
      "['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'].flatMap",
      "['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'].flatMap",
      'opens as the GET that it is',
    ],
    [
      'a secret in a frame is starred out',
      'redactor(patterns, holdMs)',
      'redactor([], holdMs)',
      'opens as the GET that it is',
    ],
    [
      'a WebSocket brings no other header into the box',
      '.filter(([name]) => passing.includes(name))',
      '',
      'no header but those of its opening',
    ],
    [
      'an opening has a key',
      "|| !/^[A-Za-z0-9+/]{22}==$/.test(head.headers.get('sec-websocket-key') ?? '')",
      '',
      'whose opening is none',
    ],
    [
      'there are no frames where only a part of an answer may pass',
      'if (operation.returns !== undefined) {',
      'if (operation.returns === null) {',
      'only a part of the answer',
    ],
  ]),
  ...rows(hello, names, 'a connection is passed on unread that names another host', [
    ['a handshake comes in its records', 'bytes[at] !== 0x16 || ', '', 'with another kind of record'],
    ['a record is of TLS', ' || bytes[at + 1] !== 3', '', 'with another version'],
    ['a record holds something', 'length === 0 || ', '', 'with a record of nothing'],
    ['a record has so many bytes', ' || length > 16_384', '', 'with a record that is too long'],
    ['a name is read out of a ClientHello', 'if (handshake[0] !== 1) return none', '', 'with another message'],
    ['a hello has one name', "if (found.kind === 'name') return none", '', 'two names in two extensions'],
    ['a list has one name', ' || list.readUInt16BE(1) !== name.length', '', 'two names in one extension'],
    ['a name is of a host', ' || list[0] !== 0', '', 'a name of another kind'],
    ['a name that cannot be seen is none', 'if (type === 0xfe0d) return none', '', 'an encrypted hello'],
    [
      'a hello ends with its extensions',
      'if (end !== hello.length) return none',
      '',
      'something behind the extensions',
    ],
    ['an extension lies within its hello', 'if (body.length !== length) return none', '', 'points beyond the end'],
    [
      'a list is as long as it says',
      'body.readUInt16BE(0) !== list.length || ',
      '',
      'a list of names of another length',
    ],
    [
      'a hello comes in time',
      'const timer = setTimeout(() => socket.destroy(), timeoutMs)',
      'const timer = setTimeout(() => undefined, timeoutMs)',
      'who speaks no TLS > is not waited for',
    ],
    [
      'a hello has so many bytes',
      ' && held.length < maxHelloBytes',
      '',
      'who speaks no TLS > is not listened to without end',
    ],
  ]),
]
