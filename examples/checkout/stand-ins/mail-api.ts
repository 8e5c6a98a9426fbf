import { randomUUID, timingSafeEqual } from 'node:crypto'

import { listen, type SeenCall, type StandIn, type StandInAnswer } from './listen.ts'

/**
 * A STAND-IN for Postmark, for this example alone: it sends no mail. It speaks `POST /email` and refuses every call
 * without the exact token that it was started with.
 */
export function startMailApi(token: string, preferredPort: number): Promise<StandIn> {
  return listen(preferredPort, mailApi(token))
}

/** The stand-in's answers, without a socket. */
export function mailApi(token: string): (call: Omit<SeenCall, 'status'>) => StandInAnswer {
  return (call) => {
    const given = Buffer.from(call.headers['x-postmark-server-token'] ?? '')
    const expected = Buffer.from(token)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return { status: 401, body: { ErrorCode: 10, Message: 'Bad or missing server token.' } }
    }
    if (`${call.method} ${call.path}` !== 'POST /email')
      return { status: 404, body: { ErrorCode: 404, Message: 'Not found.' } }
    const mail: unknown = JSON.parse(call.body)
    const to = typeof mail === 'object' && mail !== null && 'To' in mail ? mail.To : undefined
    if (typeof to !== 'string') return { status: 422, body: { ErrorCode: 300, Message: 'Zero recipients specified.' } }
    return { status: 200, body: { To: to, MessageID: randomUUID(), ErrorCode: 0, Message: 'OK' } }
  }
}
