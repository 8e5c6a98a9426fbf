import type { Guard } from './guard.ts'

const parser = 'packages/server/src/parser'
const flows = [`${parser}/flow.test.ts`]
const link = `${parser}/wire/link.ts`
const links = [`${parser}/wire/link.test.ts`]
const port = 'packages/server/src/egress/listen/parser-port.ts'
const ports = ['packages/server/src/egress/listen/parser-port.test.ts']
const paces = [`${parser}/pace.test.ts`]
const questions = [`${parser}/dns-message.test.ts`]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

/** What would be read of a message that is none, were its fault not looked at. */
const unread = (name: string, kind: string): string => `if (${name} === undefined) return '${kind}'`

/** Streams of a box on their way, and frames of a parser that was taken over. */
export const parserStreamGuards: readonly Guard[] = [
  ...rows(`${parser}/flow.ts`, flows, 'a part is taken for the whole', [
    [
      'an answer that broke off is no shorter one',
      "if (!source.readableEnded) sink.destroy(new Error('the source ended early'))",
      'sink.end()',
      'an answer that flows is no shorter one',
    ],
    [
      'a body that broke off is no shorter one',
      "if (!body.readableEnded) sink.destroy(new Error('the body ended early'))",
      'sink.end()',
      'a body that is passed on is no shorter one',
    ],
    [
      'an answer that nobody reads is not fetched on',
      "sink.once('close', () => source.destroy())",
      '',
      'not fetched on',
    ],
    ['a tunnel breaks on both sides', 'else to.destroy()', '', 'breaks on one side where it breaks'],
    [
      'a tunnel whose first side is gone is none',
      'if (one.destroyed) other.destroy()',
      '',
      'ended on the first side before',
    ],
    [
      'a tunnel whose second side is gone is none',
      'if (other.destroyed) one.destroy()',
      '',
      'ended on the second side before',
    ],
  ]),
  ...rows(`${parser}/read-exactly.ts`, flows, 'a part is taken for the whole', [
    [
      'of so many bytes fewer are none',
      'bytes.length === length ? bytes : undefined',
      'bytes',
      'are none where there are fewer',
    ],
    ['no more than so many bytes are read', 'stream.read(length)', 'stream.read()', 'and no more'],
  ]),
  ...rows(link, links, 'a parser that was taken over takes the memory of the server, or its process', [
    ['credit is a number', "if (payload.length !== 4) return 'credit'", '', 'credit that is no number'],
    ['a part of a body has bytes', 'payload.length === 0 || ', '', 'a part that is empty'],
    ['a part of a body uses up what was asked for', 'receivable -= payload.length', '', 'not as much again'],
    ['nothing of a body follows its end', "theirs !== 'open' || payload", 'payload', 'of a body after its end'],
    [
      'what came with a fault is not heard',
      'if (broken) return\n    frames += 1',
      'frames += 1',
      'not even what came with it',
    ],
    ['what is forgotten is closed', 'for (const stream of open) stream.forget()', '', 'for what it has forgotten'],
    ['what is forgotten can end', 'void (onTheWay = false)', 'undefined', 'for what it has forgotten'],
    [
      'a parser that reads nothing is not read',
      'channel.writableLength > maxUnreadBytes',
      'channel.writableLength < 0',
      'while nobody reads what it has sent',
    ],
    [
      'a stream that was given up is over',
      "if (!closed && !whole) stream.destroy(new Error('the other side gave it up'))",
      'if (!closed) stream.push(null)',
      'when one gives a stream up',
    ],
  ]),
  ...rows(port, ports, 'a parser that was taken over ends the server by what is no message', [
    ['an undeclared name is one', unread('name', 'undeclared'), '', 'an undeclared name that is none'],
    ['a limit is one', unread('code', 'limit'), '', 'a limit that there is not'],
    ['a fault of a request is one', unread('code', 'malformed'), '', 'a fault of a request that there is not'],
    ['a name of a handshake is one', unread('name', 'name'), '', 'sends a name that is none'],
    ['a question of DNS is one', unread('question', 'question'), '', 'bytes that no name has'],
    [
      'a head is one',
      "if (head === undefined || under === undefined) return 'request'",
      "if (head !== undefined && under === undefined) return 'request'",
      'whose lengths point beyond it',
    ],
    [
      'a connection to a port is one',
      "if (opened === undefined || under === undefined) return 'port'",
      "if (opened !== undefined && under === undefined) return 'port'",
      'a connection to a port that is none',
    ],
    [
      'a connection for an opaque door is one',
      "if (opened === undefined || under === undefined) return 'opaque'",
      "if (opened !== undefined && under === undefined) return 'opaque'",
      'an opaque door that is none',
    ],
  ]),
  ...rows(port, ports, 'a parser that was taken over speaks for an invocation that does not run', [
    [
      'a head belongs to an invocation that there is',
      "if (head === undefined || under === undefined) return 'request'",
      "if (head === undefined) return 'request'",
      'for an invocation that is still to come',
    ],
    [
      'a connection to a port belongs to an invocation that there is',
      "if (opened === undefined || under === undefined) return 'port'",
      "if (opened === undefined) return 'port'",
      'to a port in an invocation still to come',
    ],
    [
      'a connection for an opaque door belongs to an invocation that there is',
      "if (opened === undefined || under === undefined) return 'opaque'",
      "if (opened === undefined) return 'opaque'",
      'an opaque door in an invocation still to come',
    ],
  ]),
  ...rows(`${parser}/pace.ts`, paces, 'a box that floods takes the time of all others', [
    [
      'a pause does not add up',
      'Math.min(most, level + now - at)',
      'level + now - at',
      'after it as much as time has passed',
    ],
    ['what goes at once is counted', 'level -= cost\n', '', 'after it as much as time has passed'],
    ['what has waited is counted', 'level -= next.cost', '', 'lets no crowd in'],
    ['nobody goes before those who wait', 'if (waiting.length > 0) return false', '', 'lets nobody go before them'],
  ]),
  ...rows(`${parser}/dns-message.ts`, questions, 'a name reads as one that is declared', [
    ['a label with a dot is not two', "[^a-z0-9_-]/g, '?'", "[^a-z0-9._-]/g, '?'", 'with a dot in it'],
  ]),
]
