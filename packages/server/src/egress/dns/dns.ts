import type { Socket } from 'node:dgram'

import { actions, arn } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { awsHost, interceptedNames } from '../aws/aws-names.ts'
import { functionSuffix } from '../call.ts'
import type { AskedNames } from './asked-names.ts'
import { dnsCodes, readDnsQuery, writeDnsAnswer } from './dns-message.ts'
import { doorReason } from '../listen/head.ts'
import type { EgressRooms } from '../rooms.ts'

/** What becomes of questions that get no address. */
export interface NameRefusals {
  /** Records a refusal that has no HTTP answer; false when it was only counted. */
  readonly note: (resource: string, action: string, reason: ReturnType<typeof doorReason>) => Promise<boolean>
  /** One that is only counted. */
  readonly count: () => void
  /** One beyond what a box may ask in a second; it gets no answer at all. */
  readonly over: () => void
}

/** The names a box can resolve, each with an address of its own in 198.18.0.0/15 (RFC 2544, never routed). */
export function namesOf(app: App): ReadonlyMap<string, string> {
  const known = cache.get(app)
  if (known) return known
  const names = [awsHost, ...app.functions.map(({ name }) => `${name}${functionSuffix}`), ...interceptedNames(app)]
  const table = new Map(
    [...new Set(names)].map((name, index) => {
      const number = index + 1
      return [name, `198.18.${(number >> 8) & 255}.${number & 255}`]
    }),
  )
  cache.set(app, table)
  return table
}

/** While `learn` records, any host leads to the door, which reads what is asked of it, and refuses. */
function learned({ learn }: EgressRooms, name: string): string | undefined {
  return learn !== undefined && isHostName(name) ? learnedAddress : undefined
}

const learnedAddress = '198.19.255.254'

/** Two labels at least, the last one no number (RFC 1123 §2.1), and nothing that a certificate could not name. */
export function isHostName(name: string): boolean {
  const labels = name.split('.')
  const fits = labels.length > 1 && labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return fits && name.length <= 253 && /[a-z]/.test(labels.at(-1) ?? '')
}

const cache = new WeakMap<App, ReadonlyMap<string, string>>()

/**
 * Answers a box's DNS. Nothing is ever forwarded, so a name carries no data out; a name that is not declared is
 * an attempt, and decided and recorded as one. Every name goes on record once for each invocation, with its answer.
 * Returns the function that stops it.
 */
export function serveDns(
  rooms: EgressRooms,
  socket: Socket,
  perSecond: number,
  asked: AskedNames,
  { note, count, over }: NameRefusals,
): () => void {
  let second = 0
  let seen = 0

  const onMessage = (datagram: Buffer, from: { readonly address: string; readonly port: number }): void => {
    const now = Math.floor(rooms.clock() / 1000)
    if (now !== second) [second, seen] = [now, 0]
    if (++seen > perSecond) return over()
    const question = readDnsQuery(datagram)
    if (!question) return count()
    const app = rooms.app()
    const address = namesOf(app).get(question.name) ?? learned(rooms, question.name)
    const reply = (code: number): void => {
      // A box that is gone takes no answer; the socket is then closed, and that is no fault.
      socket.send(writeDnsAnswer(question, code, address), from.port, from.address, () => undefined)
    }
    const code = 'dns.unlisted'
    const counted = asked.count({ ...question, name: question.name.slice(0, 255) }, address ?? code)
    if (address !== undefined) {
      if (counted === 'full') count()
      return reply(dnsCodes.ok)
    }
    if (counted === 'again') return reply(dnsCodes.nameError)
    const reason = doorReason(
      code,
      `The name ${question.name.slice(0, 255)} is not declared, and no name is looked up outside.`,
    )
    void note(arn.door(app.name, '?', question.name.slice(0, 255)), actions.useDoor, reason).finally(() =>
      reply(dnsCodes.nameError),
    )
  }

  socket.on('message', onMessage)
  return () => void socket.off('message', onMessage)
}
