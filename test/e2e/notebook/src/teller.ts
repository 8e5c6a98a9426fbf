import { setTimeout as sleep } from 'node:timers/promises'
import type { Writable } from 'node:stream'

declare const awslambda: {
  streamifyResponse(handler: (event: unknown, stream: Writable) => Promise<void>): unknown
  readonly HttpResponseStream: { from(stream: Writable, head: object): Writable }
}

/** Tells its tale word by word, as AWS's handlers that stream do. */
export const handler: unknown = awslambda.streamifyResponse(async (_event, stream) => {
  const body = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { 'content-type': 'text/plain' } })
  for (const word of ['once ', 'upon ', 'a time']) {
    body.write(word)
    await sleep(10)
  }
  body.end()
})
