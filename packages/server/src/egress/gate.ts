import { type AccessRequest, contextKeys, type Decision, type Grant, type Reason } from '@sallyport/core/access'
import { enforce, type Gate } from '@sallyport/core/enforcement'

import { principalFacts, transactionFacts } from '../information/index.ts'
import type { Exit, ExitAsk } from './exit.ts'
import { egressRecord, newId, outcomeRecord, seenExit } from './records.ts'
import { logLine } from './refusal.ts'
import type { EgressRooms } from './rooms.ts'

/** The egress door's walk. */
export function cross<Response>(rooms: EgressRooms, exit: Exit<Response>): Promise<Response> {
  return enforce(exit, egressGate<Response>(rooms))
}

/** The gate for one exit: `describe` … `settle` of it alone, because `gather` leaves a fact for `decide`. */
function egressGate<Response>(rooms: EgressRooms): Gate<Exit<Response>, Response> {
  let exit: Exit<Response>
  let lack: Reason | undefined
  let decided: Decision | undefined
  let advisoryPackage: string | undefined
  let startedAt = 0
  return {
    authenticate: (request) => {
      exit = request
      return exit.box.subject // the listener that accepted the connection is the identity
    },
    describe: ({ box, invocation, asks, refusal }, subject) => {
      const [transaction, id] = [invocation?.transaction ?? newId(rooms), newId(rooms)]
      const certain = invocation === undefined ? (refusal ?? noInvocation) : refusal
      const first = describeOne(asks[0], id)
      return [first, ...asks.slice(1).map((ask) => describeOne(ask, newId(rooms)))]

      function describeOne(ask: ExitAsk, requestId: string): AccessRequest {
        return {
          id: requestId,
          transaction,
          subject,
          action: ask.action,
          resource: ask.resource,
          context: { [contextKeys.sourceZone]: box.image.zone, ...ask.context },
          actors: invocation?.actors ?? [],
          ...(invocation === undefined ? {} : { parent: invocation.decision }),
          ...(invocation?.user === undefined ? {} : { user: invocation.user }),
          ...(certain === undefined ? {} : { refusal: certain }),
        }
      }
    },
    gather: async (asked) => {
      const [first, ...rest] = asked
      const facts = [withFacts(first, rooms), ...rest.map((each) => withFacts(each, rooms))] as const
      const all = await rooms.askGuests(facts)
      if (exit.lack === undefined) return all
      // Those who may not use the door learn nothing of it, and use up nothing of what it has.
      decided = rooms.decide(all)
      if (decided.effect === 'allow') lack = await exit.lack()
      return all
    },
    decide: (asked) => {
      if (lack === undefined) return decided ?? rooms.decide(asked)
      const [first, ...rest] = asked
      return rooms.decide([{ ...first, refusal: lack }, ...rest])
    },
    record: async (decision) => {
      if (decision.effect === 'deny') advisoryPackage = await exit.askedBy?.()
      rooms.learn?.(seenExit(rooms, exit, decision, advisoryPackage))
      return rooms.record(egressRecord(rooms, exit, decision, advisoryPackage))
    },
    refuse: (decision) => {
      rooms.log(logLine(rooms, exit, decision, advisoryPackage))
      return exit.refuse(decision)
    },
    admit: (decision, receipt) => {
      startedAt = rooms.clock()
      return rooms.admit(decision, receipt)
    },
    pass: (request, grant) => request.pass(grant),
    settle: (grant, outcome) => {
      // A moment later: the answer is on its way by then, and waits for nothing that is only to be written down.
      void outcome.then((known) => setImmediate(() => rooms.append(outcomeRecord(rooms, grant, known, startedAt))))
    },
  }
}

const noInvocation: Reason = {
  code: 'exit.no_invocation',
  layer: 'door',
  message: 'No invocation was running, so nobody stands behind this request.',
}

function withFacts(asked: AccessRequest, rooms: EgressRooms): AccessRequest {
  const { user } = asked
  const actors = [...asked.actors, asked.subject.id]
  const facts = transactionFacts(user, user === undefined ? [] : rooms.elevatedRoles(user.id))
  const now = principalFacts(asked.subject, rooms.clock())
  return { ...asked, context: { ...asked.context, ...now, ...facts, [contextKeys.actorChain]: actors } }
}

/** Why an admitted exit may not go on after all; asked again right before the upstream is called. */
export function endedSince(
  rooms: EgressRooms,
  exit: Pick<Exit<unknown>, 'box' | 'invocation'>,
  grant: Grant,
  signal: AbortSignal,
): string | undefined {
  if (signal.aborted || exit.box.current()?.id !== exit.invocation?.id) return 'exit.invocation_ended'
  return rooms.isCurrent(grant) ? undefined : 'grant.ended'
}
