import type { Socket } from 'node:dgram'

import { type DnsQuestion, readDnsQuery, writeDnsAnswer } from './dns-message.ts'

/** What becomes of a box's questions. */
export interface DnsHandlers {
  /** Resolves with what to say, or with nothing where nothing is said. */
  readonly onQuestion: (
    question: DnsQuestion,
  ) => Promise<{ readonly code: number; readonly address?: string } | undefined>
  /** A datagram that is no question. */
  readonly onUnreadable: () => void
  /** One beyond what a box may ask in a second; it gets no answer at all. */
  readonly onTooMany: () => void
}

/** Reads what comes to a box's port 53. Nothing is ever forwarded, so a name carries no data out. */
export function serveDns(socket: Socket, perSecond: number, handlers: DnsHandlers): void {
  let second = 0
  let seen = 0
  socket.on('message', (datagram, from) => {
    const now = Math.floor(Date.now() / 1000)
    if (now !== second) [second, seen] = [now, 0]
    if (++seen > perSecond) return handlers.onTooMany()
    const question = readDnsQuery(datagram)
    if (question === undefined) return handlers.onUnreadable()
    void handlers.onQuestion(question).then((answer) => {
      if (answer === undefined) return
      // A box that is gone takes no answer; the socket is then closed, and that is no fault.
      socket.send(writeDnsAnswer(question, answer.code, answer.address), from.port, from.address, () => undefined)
    })
  })
}
