import { actions, arn } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { awsHost, interceptedNames, isAwsHost } from '../aws/aws-names.ts'
import { doorsOfAws } from '../aws/no-door.ts'
import { functionSuffix } from '../call.ts'
import type { AskedNames } from './asked-names.ts'
import type { DnsAsked, DnsTold } from '../listen/port-handlers.ts'
import { dnsCodes } from '../../parser/index.ts'
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

function addressOf(app: App, name: string): string | undefined {
  const names = namesOf(app)
  return names.get(isAwsHost(name) ? awsHost : name)
}

function undeclared(name: string): string {
  const words = `The name ${name} is not declared, and no name is looked up outside.`
  return name.endsWith('.amazonaws.com') ? `${words} ${doorsOfAws}` : words
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
 * Answers a box's DNS. A name that is not declared is an attempt, and decided and recorded as one. Every name goes on
 * record once for each invocation, with its answer. Undefined where nothing is answered: the box's parser counts what
 * may be asked in a second, and what comes here in spite of that is counted once more.
 */
export function createNameAnswers(
  rooms: EgressRooms,
  perSecond: number,
  asked: AskedNames,
  { note, count, over }: NameRefusals,
): (question: DnsAsked) => Promise<DnsTold | undefined> {
  let second = 0
  let seen = 0

  return async (question) => {
    const now = Math.floor(rooms.clock() / 1000)
    if (now !== second) [second, seen] = [now, 0]
    // Two clocks do not begin their seconds together.
    if (++seen > 2 * perSecond) {
      over()
      return undefined
    }
    const app = rooms.app()
    const address = addressOf(app, question.name) ?? learned(rooms, question.name)
    const code = 'dns.unlisted'
    const counted = asked.count(question, address ?? code)
    if (address !== undefined) {
      if (counted === 'full') count()
      return { code: dnsCodes.ok, address }
    }
    if (counted !== 'again') {
      const reason = doorReason(code, undeclared(question.name))
      await note(arn.door(app.name, '?', question.name), actions.useDoor, reason)
    }
    return { code: dnsCodes.nameError, address: undefined }
  }
}
