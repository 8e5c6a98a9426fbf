import { createHash } from 'node:crypto'

import { type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import type { Outcome, Passed } from '@sallyport/core/enforcement'

import { preparedCall } from './door-call.ts'
import { doorExit } from './door.ts'
import type { DoorRequest, DoorTools } from './door-request.ts'
import type { Exit } from '../exit.ts'
import { handBack } from './hand-back.ts'
import { doorReason, type Head } from '../listen/head.ts'
import { returnedHeaders } from '../listen/headers.ts'
import type { Life } from '../life.ts'
import { redactor, secretPatterns } from './redact.ts'
import type { ExitResponse } from '../refusal.ts'
import { counter, join } from '../tunnel/relay.ts'

/** How long the tail of a frame that looks like the start of a secret waits for more. */
const holdMs = 100
/** RFC 6455 §1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * The exit for a WebSocket (RFC 6455): decided as a GET, opened with what the door adds, and from then on frames both
 * ways, each held back while its reader is busy. It ends with the invocation or the grant, whichever is first.
 */
export function upgradeExit(tools: DoorTools, request: DoorRequest): Exit<ExitResponse> {
  const exit = doorExit(tools, request, (grant, life) => openSocket(tools, request, grant, life))
  const fault = faultOf(request)
  return { ...exit, durability: 'synced', lack: async () => fault ?? exit.lack?.() }
}

function faultOf({ head, route }: DoorRequest): Reason | undefined {
  const { operation } = route
  if (head.method !== 'GET' || !/^[A-Za-z0-9+/]{22}==$/.test(head.headers.get('sec-websocket-key') ?? '')) {
    return doorReason('request.malformed', 'This is not the opening of a WebSocket (RFC 6455 §4.1).')
  }
  if (operation.returns !== undefined) {
    return doorReason(
      'door.upgrade',
      `${operation.name} lets only a part of its answers through, and frames have none.`,
    )
  }
  return undefined
}

async function openSocket(
  tools: DoorTools,
  request: DoorRequest,
  grant: Grant,
  life: Life,
): Promise<Passed<ExitResponse>> {
  const prepared = await preparedCall(tools, request, grant, life)
  if (prepared.kind === 'ended') return prepared.passed
  const { call, secrets, note } = prepared
  const headers = [...call.headers.filter(([name]) => name !== 'accept-encoding'), ...openingHeaders(request.head)]
  const answer = await tools.upstreams.upgrade({ ...call, protocol: '1.1', headers }, 'websocket')
  const patterns = secretPatterns(secrets)
  if (answer.kind === 'answered') {
    return handBack(answer, { life, patterns, maxBytes: tools.maxAnswerBytes, reserve: tools.held.reserve, note })
  }
  const key = request.head.headers.get('sec-websocket-key') ?? ''
  const expected = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64')
  const given = new Map(answer.headers)
  if (given.get('sec-websocket-accept') !== expected || given.has('sec-websocket-extensions')) {
    answer.socket.destroy()
    throw new SallyportError('upstream.bad_upgrade', 'the upstream switched to something that was not asked for')
  }
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const sent = counter()
  const received = counter()
  const ended = (outcome: Outcome['outcome']): void => {
    const why = life.endedBy()
    const detail = [why ?? [], note ?? []].flat().join('; ')
    resolve({
      outcome: why === undefined ? outcome : 'aborted',
      status: 101,
      tls: answer.tls,
      sentBytes: sent.bytes(),
      receivedBytes: received.bytes(),
      ...(detail === '' ? {} : { detail }),
    })
  }
  // A box that is gone before the tunnel is laid must not leave the upstream open.
  const orphan = (): void => void answer.socket.destroy()
  life.signal.addEventListener('abort', orphan, { once: true })
  if (life.signal.aborted) orphan()
  answer.socket.once('close', () => ended('done'))
  answer.socket.on('error', orphan)
  const passing = ['sec-websocket-accept', 'sec-websocket-protocol']
  return {
    response: {
      status: 101,
      headers: [
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
        ...returnedHeaders(answer.headers).filter(([name]) => passing.includes(name)),
      ],
      body: new Uint8Array(),
      tunnel: (box) => {
        join(box, sent.stream, answer.socket)
        join(answer.socket, redactor(patterns, holdMs), received.stream, box)
        life.signal.addEventListener('abort', () => box.destroy(), { once: true })
      },
    },
    outcome: promise,
  }
}

/** No extensions: a frame that is compressed could not be looked through for what must not come back. */
function openingHeaders({ headers }: Head): readonly (readonly [string, string])[] {
  return ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'].flatMap((name) => {
    const value = headers.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
}
