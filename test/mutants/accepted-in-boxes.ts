import type { Accepted } from './acceptance.ts'

const server = 'packages/server/src'
const notThere = 'what is not there is undefined either way'
const cost = 'it spares work alone; without it the same is asked again and comes out the same'
const noMap = 'of what is not there nothing is read, and what is thrown is caught as for a map that cannot be read'
const streams = 'a body that streams is of a door that neither asks anything of it nor adds to it, and fits'
const endedWithIt = 'its connection has ended then, and nothing that is done for it is heard'
const noReason = 'what has no reason is told in the same code'
const words = 'what is told is told under the same code, in other words'
const awaited = 'whoever awaits nothing goes on as well'
const noNumber = 'by no number no process is found, as where there is none any more'

/** Of the rooms that make boxes and let them out. */
export const acceptedInBoxes: readonly Accepted[] = [
  [`${server}/egress/listen/caller.ts`, 'guard', "'originalSource' in entry", noMap],
  [`${server}/egress/listen/caller.ts`, 'guard', 'text === undefined', noMap],
  [`${server}/egress/door/door-call.ts`, 'guard', "content.kind === 'whole'", streams],
  [`${server}/egress/door/door.ts`, 'guard', "content.kind === 'whole'", streams],
  [
    `${server}/egress/door/door-call.ts`,
    'guard',
    "query.kind !== 'fits' || (body !== undefined && body.kind !== 'fits')",
    'the same was judged before, by the same names: it stands there for a fault of ours',
  ],
  [
    `${server}/egress/door/door-call.ts`,
    'guard',
    'body === undefined',
    'what a door signs was read whole: it stands there for a fault of ours',
  ],
  [
    `${server}/egress/door/door-call.ts`,
    'guard',
    'door.add.oauth === undefined',
    'no other door has a client filled in',
  ],
  [
    `${server}/egress/door/fields.ts`,
    'guard',
    'Object.hasOwn(object, first)',
    'what every object inherits is no object, or one without members of its own',
  ],
  [
    `${server}/host/box/blank.ts`,
    'guard',
    "runtime !== 'node' && runtime !== 'python'",
    'no other runtime has a client of ours, which is asked for next',
  ],
  [
    `${server}/host/box/box.ts`,
    'guard',
    'prepared.launched && prepared.blank === undefined',
    'what a box was given at its start it is given once more',
  ],
  [
    `${server}/host/box/box.ts`,
    'guard',
    'initFailure === undefined',
    'a failure that is undefined is none to whoever reads it',
  ],
  [`${server}/host/box/box.ts`, 'guard', 'pid === undefined', words],
  [
    `${server}/host/box/parser-bundle.ts`,
    'guard',
    'file === undefined',
    'the bundler has made a file where it has not failed',
  ],
  [
    `${server}/host/box/pod.ts`,
    'guard',
    'server instanceof Server',
    'the process that opens listeners ends well only once it has sent all of them',
  ],
  [`${server}/host/box/pod.ts`, 'guard', 'found === undefined', noNumber],
  [`${server}/host/box/pod.ts`, 'guard', 'pid === undefined', noNumber],
  [`${server}/host/box/pod.ts`, 'guard', '!isAlive(pid)', 'it spares two seconds of waiting, and nothing else'],
  [
    `${server}/host/box/pod.ts`,
    'guard',
    'first !== undefined',
    'in a pod that has ended no listener is opened, which is refused next',
  ],
  [
    `${server}/host/box/runtime-folder.ts`,
    'guard',
    'program === undefined',
    'where no filter is written isolation is absent, and nothing is started',
  ],
  [
    `${server}/host/box/runtime-folder.ts`,
    'guard',
    'present !== undefined && Buffer.compare(present, bytes) === 0',
    cost,
  ],
  [`${server}/host/box/runtime-folder.ts`, 'guard', 'same', cost],
  [`${server}/host/kernel/freeze.ts`, 'guard', 'found.length === 0', cost],
  [`${server}/host/examine.ts`, 'guard', 'usable', words],
  [`${server}/host/build/build-box.ts`, 'guard', 'box.stdout === null', 'it is a pipe, and there'],
  [`${server}/host/build/build-box.ts`, 'guard', 'code !== 0', 'what such a box has said is no answer, and no tree'],
  [`${server}/host/build/bundle.ts`, 'guard', 'at === undefined', 'module folders that are listed are there'],
  [
    `${server}/host/build/find-workerd.ts`,
    'guard',
    'name === undefined',
    'the table has every machine for which a filter is written',
  ],
  [`${server}/host/build/packed-tree.ts`, 'guard', "typeof value !== 'object' || value === null", notThere],
  [`${server}/host/elsewhere/attempt.ts`, 'guard', "words === ''", words],
  [`${server}/host/elsewhere/http-engine.ts`, 'guard', "failure.code === 'function.threw'", words],
  [`${server}/host/elsewhere/remote-engine.ts`, 'guard', 'closing.signal.aborted', words],
  [`${server}/host/elsewhere/remote-engine.ts`, 'guard', "made.result.kind === 'error'", words],
  [`${server}/host/elsewhere/remote-engine.ts`, 'guard', 'error instanceof SallyportError', words],
  [`${server}/host/elsewhere/remote-engine.ts`, 'statement', 'Promise.resolve()', awaited],
  [`${server}/host/box-engine.ts`, 'statement', 'Promise.resolve()', awaited],
  [
    `${server}/host/box-engine.ts`,
    'guard',
    'closed',
    'a pool that has closed serves nobody, and says so under the same code, at the deadline',
  ],
  [`${server}/host/pool/pool.ts`, 'guard', 'draining', 'a box that is made for a pool that drains is discarded'],
  [`${server}/host/runtime/event.ts`, 'guard', 'multiple.length === 0', cost],
  [`${server}/host/runtime/failure-report.ts`, 'guard', 'body === undefined', notThere],
  [
    `${server}/host/runtime/runtime-api.ts`,
    'guard',
    'length > maxStreamedBytes',
    'an answer that goes on ends with its deadline',
  ],
  [
    `${server}/egress/door/web-socket.ts`,
    'guard',
    'value === undefined',
    'the client of upgrades sends no field without a value',
  ],
  [`${server}/egress/upstream/answer-sink.ts`, 'guard', 'restMs === 0', 'a rest of no time is none'],
  [
    `${server}/egress/upstream/answer-sink.ts`,
    'fallback',
    "new SallyportError('upstream.aborted', 'nobody reads on')",
    'whoever gave it up hears no reason',
  ],
  [`${server}/egress/upstream/http-one/connection.ts`, 'guard', 'current !== exchange', endedWithIt],
  [
    `${server}/egress/upstream/http-one/connection.ts`,
    'guard',
    'current !== exchange || !exchange.paused',
    'what was not paused goes on either way, for as long as it was given a moment before',
  ],
  [
    `${server}/egress/upstream/http-one/connection.ts`,
    'guard',
    "typeof head.body === 'number'",
    'a word is no length that is small',
  ],
  [
    `${server}/egress/upstream/http-one/connection.ts`,
    'fallback',
    "new SallyportError('upstream.unreachable', 'the upstream broke off')",
    noReason,
  ],
  [
    `${server}/egress/upstream/http-one/connections.ts`,
    'fallback',
    "new Error('the body of the request broke off')",
    noReason,
  ],
  [`${server}/egress/upstream/http-one/request-bytes.ts`, 'guard', 'body instanceof Uint8Array', notThere],
  [`${server}/egress/upstream/pinned.ts`, 'fallback', "new Error('no address')", 'nobody connects to no address'],
  [
    `${server}/egress/upstream/upstream-handler.ts`,
    'guard',
    'stated === undefined',
    'what is no number is no length that is small',
  ],
  [
    `${server}/egress/upstream/upstream.ts`,
    'guard',
    'call.body instanceof Uint8Array && call.body.length === 0',
    'of an empty body nothing is sent',
  ],
  [
    `${server}/egress/upstream/upstream.ts`,
    'guard',
    "error instanceof Error && 'code' in error",
    'what has no code has none that means anything here',
  ],
  [`${server}/egress/egress.ts`, 'guard', "name === ''", words],
  [`${server}/egress/egress.ts`, 'guard', 'long', words],
  [`${server}/egress/serve-request.ts`, 'guard', 'error instanceof Error', words],
  [`${server}/egress/serve-request.ts`, 'guard', 'way.operation.idempotency === undefined', cost],
  [
    `${server}/egress/serve-request.ts`,
    'statement',
    "throw new SallyportError('egress.not_whole', 'a body that must be whole was left to stream')",
    'it is asked for whole: it stands there for a fault of ours',
  ],
  [
    `${server}/egress/tunnel/tunnel.ts`,
    'guard',
    "door.kind !== 'tcp' && door.kind !== 'postgres'",
    'no port of a tunnel is one of a door of another kind, which the manifest sees to',
  ],
]
