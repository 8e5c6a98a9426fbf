import {
  type AccessRequest,
  contextKeys,
  type ContextValue,
  type Decision,
  type Draft,
  type Grant,
  type Reason,
} from '@sallyport/core/access'
import { enforce, type Gate } from '@sallyport/core/enforcement'

import { addPrincipalFacts, addTransactionFacts } from '../information/index.ts'
import type { Asking, Exit, ExitAsk } from './exit.ts'
import { egressRecord, newId, outcomeRecord, seenExit } from './records.ts'
import { logLine } from './refusal.ts'
import type { EgressRooms } from './rooms.ts'
import type { Ending } from './ending.ts'

/** The egress door's walk. */
export function cross<Response>(rooms: EgressRooms, exit: Exit<Response>, asking: Asking = {}): Promise<Response> {
  return enforce(exit, egressGate<Response>(rooms, asking))
}

/** The gate for one exit: `describe` … `settle` of it alone, because `gather` leaves a fact for `decide`. */
function egressGate<Response>(rooms: EgressRooms, asking: Asking): Gate<Exit<Response>, Response> {
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
        const { action, resource } = ask
        const context = { [contextKeys.sourceZone]: box.image.zone, ...ask.context }
        const actors = invocation?.actors ?? []
        const asked: Draft<AccessRequest> = { id: requestId, transaction, subject, action, resource, context, actors }
        if (invocation !== undefined) asked.parent = invocation.decision
        if (invocation?.user !== undefined) asked.user = invocation.user
        if (certain !== undefined) asked.refusal = certain
        return asked
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
      if (decision.effect === 'deny') advisoryPackage = await asking.askedBy?.()
      rooms.learn?.(seenExit(rooms, exit, asking.wanted, decision, advisoryPackage))
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
      // Once all promises that are due are through: the answer is on its way by then, and waits for nothing that is
      // only to be written down. `setImmediate` would do the same and cost another round of the event loop.
      void outcome.then((known) => process.nextTick(() => rooms.append(outcomeRecord(rooms, grant, known, startedAt))))
    },
  }
}

const noInvocation: Reason = {
  code: 'exit.no_invocation',
  layer: 'door',
  message: 'No invocation was running, so nobody stands behind this request.',
}

function withFacts(asked: AccessRequest, rooms: EgressRooms): AccessRequest {
  const { subject, user } = asked
  const context: Record<string, ContextValue> = { ...asked.context }
  addPrincipalFacts(context, subject, rooms.clock())
  addTransactionFacts(context, user, user === undefined ? [] : rooms.elevatedRoles(user.id))
  context[contextKeys.actorChain] = [...asked.actors, subject.id]
  return { ...asked, context }
}

/** Why an admitted exit may not go on after all; asked again right before the upstream is called. */
export function endedSince(
  rooms: EgressRooms,
  exit: Pick<Exit<unknown>, 'box' | 'invocation'>,
  grant: Grant,
  signal: Ending,
): string | undefined {
  if (signal.aborted || exit.box.current()?.id !== exit.invocation?.id) return 'exit.invocation_ended'
  return rooms.isCurrent(grant) ? undefined : 'grant.ended'
}
