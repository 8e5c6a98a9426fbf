import { once } from 'node:events'
import { constants, createServer } from 'node:http2'
import { text } from 'node:stream/consumers'

import { expect, it } from 'vitest'

import { endings, listen, open } from '../testing/endings.ts'
import { sessionTwo } from '../testing/session-two.ts'

const grpc = { 'content-type': 'application/grpc' }

/** What a client sees of an answer: the status in its head, whether the head was the end of it, its body. */
type Heard = readonly [status: unknown, endedWithHead: boolean, body: string]

async function hear(answer: { readonly body: string }): Promise<Heard> {
  const server = createServer()
  server.on('stream', (stream) => {
    const alone = answer.body === ''
    stream.respond({ ':status': 200, ...grpc, 'grpc-status': '5' }, { endStream: alone })
    if (!alone) stream.end(answer.body)
  })
  endings.push(() => server.close())
  const harness = await open(await listen(server))
  const session = sessionTwo(harness)
  endings.push(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/v1/payment_intents', ...grpc }).end()
  const [headers, flags] = await once(stream, 'response')
  return [headers['grpc-status'], (Number(flags) & constants.NGHTTP2_FLAG_END_STREAM) !== 0, await text(stream)]
}

it('an answer of gRPC that is a status alone ends with its head, or its client takes it for a broken one', async () => {
  expect(await hear({ body: '' })).toEqual(['5', true, ''])
})

it('an upstream of gRPC that says more after its status is handed on all the same', async () => {
  expect(await hear({ body: 'more' })).toEqual(['5', false, 'more'])
})
