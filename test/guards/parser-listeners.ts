import type { Guard } from './guard.ts'

const parser = 'packages/server/src/parser'
const noticedBy = [`${parser}/listener.test.ts`]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

function rowsTwo(file: string, attack: string, table: readonly Row[]): readonly Guard[] {
  return rows(`${parser}/http/${file}`, attack, table).map((guard) => ({
    ...guard,
    noticedBy: [`${parser}/http/http-two.test.ts`],
  }))
}

/** The listeners of a box, where its bytes become requests and handshakes. */
export const parserListenerGuards: readonly Guard[] = [
  ...rows(`${parser}/http/http-one.ts`, 'code in a box blurs whose request is whose', [
    [
      'a request waits for the answer to the one before',
      'if (watch?.begin() === false) {',
      'if (watch === undefined) {',
      'a second before the answer ends both',
    ],
    [
      'a request of a connection that was closed is none',
      'if (socket.destroyed) return // cleared away: it has',
      '// it has',
      'a second before the answer ends both',
    ],
    [
      'what is spoken becomes WebSocket and nothing else',
      "headers.upgrade?.toLowerCase() === 'websocket'",
      "headers.upgrade !== ''",
      'switches to WebSocket and to nothing else',
    ],
    [
      'a body that nobody read is not read on as requests',
      'if (!message.complete && !isRead) response.shouldKeepAlive = false\n  else message.resume()',
      'message.resume()',
      'with an answer before the end of a body',
    ],
  ]),
  ...rows(`${parser}/http/http-one.ts`, 'what code in a box tries leaves no record', [
    [
      'bytes that are no request are on record',
      "if (error.code?.startsWith('HPE_') !== true || !socket.writable) return",
      'if (error) return',
      'that is no request is told',
    ],
    [
      'a wish for a tunnel is on record',
      "server.on('connect', (message, socket) => {",
      "server.on('connect', (message, socket) => {\n    if (message) return void socket.destroy()",
      'asks for a tunnel is told',
    ],
  ]),
  ...rows(`${parser}/http/http-two.ts`, 'code in a box takes the memory of its parser', [
    ['a request has so many headers', 'maxHeaderListPairs: 128', 'maxHeaderListPairs: 4_096', 'has so many headers'],
    ['a stream is no tunnel', 'enableConnectProtocol: false', 'enableConnectProtocol: true', 'opens no tunnels'],
  ]),
  ...rows(`${parser}/http/http-two.ts`, 'what code in a box tries leaves no record', [
    [
      'frames that are none are on record',
      "if (error.code?.startsWith('ERR_HTTP2_') === true) void",
      "if (error.code === '') void",
      'that is no frame is told',
    ],
  ]),
  ...rows(`${parser}/http/http-one.ts`, 'code in a box fills the ledger from one connection', [
    ['a fault is told once', 'if (faulty.has(socket)) return\n', '', 'is told once, however much more comes'],
  ]),
  ...rowsTwo('http-two.ts', 'code in a box holds streams for ever', [
    [
      'a stream goes with its answer',
      "stream.once('finish', () => stream.readableEnded || stream.close())",
      '',
      'though its request has no end',
    ],
  ]),
  ...rowsTwo('watch-two.ts', 'code in a box holds streams for ever', [
    ['a head without its end is on record', 'tooSlow() // what it still waits for', '', 'whose head has no end'],
    [
      'a session whose head has no end is not waited for',
      'tooSlow() // what it still waits for\n      session.destroy()',
      'tooSlow()',
      'whose head has no end',
    ],
    [
      'a head that is none is not told to be late',
      'if (session.destroyed) return\n',
      '',
      'a head that is none is closed, and',
    ],
    [
      'an answer of which nothing is taken is given up',
      'if (stream.writableLength === 0) taken()',
      'taken()',
      'lets no byte of an answer come',
    ],
    ['an answer that is not there yet is waited for', 'if (stream.writableLength === 0) taken()', '', 'takes its time'],
    [
      'a session whose streams are open is not idle',
      'open.size > 0 ? performance.now() : idleSince',
      'idleSince',
      'takes its time',
    ],
  ]),
  ...rows(`${parser}/listener.ts`, 'a box takes more than its turn', [
    [
      'a connection waits for its turn',
      'if (handlers.pace.now(cost)) return serve(socket)',
      'if (cost > 0) return serve(socket)',
      'waits for its turn',
    ],
    [
      'a connection that was closed while it waited has no turn',
      'socket.destroyed || serve(socket)',
      'serve(socket)',
      'closed while it waited',
    ],
    [
      'a connection is closed with its invocation',
      'for (const socket of open) socket.destroy()',
      '',
      'is closed with the invocation',
    ],
  ]),
  ...rows(`${parser}/http/watch.ts`, 'half a head holds a connection for ever', [
    [
      'a connection on which nothing was said is no fault',
      'if (socket.bytesRead > heard) tooSlow()',
      'tooSlow()',
      'on which nothing is said',
    ],
  ]),
  ...rows(`${parser}/listener.ts`, 'bytes leave a box that nobody looked into', [
    [
      'what is passed on unseen is for an opaque door',
      "if (door.kind === 'opaque') handlers",
      "if (door.kind !== 'none') handlers",
      'for a door that is looked into',
    ],
    [
      'what was closed while its door was looked for is not passed on',
      'if (socket.destroyed) return\n',
      '',
      'closed while its door was looked for',
    ],
  ]),
  ...rows(`${parser}/listener.ts`, 'what code in a box tries leaves no record', [
    [
      'a name that no door has is on record',
      'if (error instanceof UndeclaredName) handlers.onUndeclaredName(error.serverName)\n    else if',
      'if',
      'is told by that name',
    ],
    [
      'a name that no door has ends its handshake',
      'else done(new UndeclaredName(name))',
      'else done(null)',
      'is told by that name',
    ],
    [
      'a handshake that is none is on record',
      "else if (ours) handlers.onUndeclaredName('')",
      '',
      'that is none is told',
    ],
  ]),
]
