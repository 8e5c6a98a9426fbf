import type { Guard } from './guard.ts'

const port = 'packages/server/src/egress/listen/parser-port.ts'
const link = 'packages/server/src/parser/wire/link.ts'
const frames = 'packages/server/src/parser/wire/frames.ts'
const process = 'packages/server/src/host/box/parser-process.ts'
const ports = ['packages/server/src/egress/listen/parser-port.test.ts']
const links = ['packages/server/src/parser/wire/link.test.ts']
const processes = ['packages/server/src/host/box/parser-process.test.ts']

/** What a parser that was taken over meets: in its sandbox, and at the server's end of its channel. */
export const parserGuards: readonly Guard[] = [
  {
    name: 'an exchange with a parser has a number of its own',
    attack: 'a parser that was taken over begins a request again that was answered',
    file: port,
    code: "if (id <= lastId) return 'id'",
    without: '',
    noticedBy: ports,
    testName: 'a head after the answer',
  },
  {
    name: 'a head belongs to the invocation under which its connection was accepted',
    attack: 'a parser that was taken over speaks for an invocation that has ended',
    file: port,
    code: 'return accepted >= confirmed && accepted < generation ? before : undefined',
    without: 'return before ?? now()',
    noticedBy: ports,
    testName: 'speaks for it afterwards',
  },
  {
    name: 'the end of an invocation waits until its connections are closed',
    attack: 'a connection that was held open serves the next invocation',
    file: port,
    code: 'return promise\n',
    without: 'return Promise.resolve()\n',
    noticedBy: ports,
    testName: 'waits until the parser has closed everything',
  },
  {
    name: 'a parser has as many exchanges under way as its box may',
    attack: 'a parser that was taken over takes the memory of the server',
    file: port,
    code: "if (exchanges >= maxExchanges) return 'exchanges'",
    without: '',
    noticedBy: ports,
    testName: 'more than its box may have under way',
  },
  {
    name: 'a parser that broke its protocol is heard no more',
    attack: 'a parser that was taken over goes on after a fault',
    file: link,
    code: 'destroy: () => {\n      broken = true',
    without: 'destroy: () => {',
    noticedBy: ports,
    testName: 'a head after the answer',
  },
  {
    name: 'a parser sends of a body what it was asked for',
    attack: 'a parser that was taken over takes the memory of the server',
    file: link,
    code: '|| payload.length > receivable)',
    without: ')',
    noticedBy: links,
    testName: 'more of a body than it was asked for',
  },
  {
    name: 'a frame has so many bytes',
    attack: 'a parser that was taken over takes the memory of the server',
    file: frames,
    code: "if (length > maxPayloadBytes) return 'too_large'",
    without: '',
    noticedBy: links,
    testName: 'that are too large',
  },
  {
    name: 'a parser has no network',
    attack: 'a parser that was taken over reaches what listens on the host',
    file: process,
    code: "'uts', 'net']",
    without: "'uts']",
    noticedBy: processes,
    testName: 'reaches no file',
  },
  {
    name: 'the server keeps no copy of the listeners of a box',
    attack: 'what a box sends is parsed beside the vault',
    file: process,
    code: 'for (const [, handle] of handles) closeQuietly(handle)',
    without: '',
    noticedBy: processes,
    testName: 'has the listeners of its box',
  },
  {
    name: 'a box waits for its door before it gets another invocation',
    attack: 'a connection that was held open serves the next invocation',
    file: 'packages/server/src/host/box/box.ts',
    code: 'void cleared.then(() => {',
    without: 'void Promise.resolve().then(() => {',
    noticedBy: ['packages/server/src/host/parser-end.test.ts'],
    testName: 'gets no further invocation',
  },
]
