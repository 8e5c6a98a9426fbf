import type { AccessRequest, Allow, Context, Decision, Grant, Receipt, Subject } from '@sallyport/core/access'
import type { Outcome } from '@sallyport/core/enforcement'
import type { Evidence } from '@sallyport/core/identity'
import { decide as decideByPolicy } from '@sallyport/core/policy'
import { explain } from '@sallyport/manifest'

import type { Administration } from './administration/index.ts'
import type { Force } from './force.ts'
import type { AskGuests } from './information/index.ts'
import type { KeptState } from './kept-state.ts'
import { newId, nowMs, outcomeRecord } from './operation/index.ts'

/** The steps that all three doors share. */
export interface SharedSteps extends Pick<Administration, 'elevatedRoles' | 'isCurrent' | 'whenEnded'> {
  readonly identify: (evidence: Evidence) => Subject | Promise<Subject>
  readonly standingOf: (subject: Subject) => Context
  readonly askGuests: AskGuests
  readonly decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => Decision
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  readonly settle: (grant: Grant, outcome: Promise<Outcome>) => void
  readonly newId: () => string
  readonly nowMs: () => number
}

/** They ask what is in force each time, for a reload replaces it. */
export function sharedSteps(
  force: () => Force,
  { administration, ledger, standing }: KeptState,
  askGuests: AskGuests,
  trouble: (cause: unknown) => void,
): SharedSteps {
  const admittedAt = new WeakMap<Grant, number>()
  return {
    identify: (evidence) => force().authenticate(evidence),
    elevatedRoles: administration.elevatedRoles,
    standingOf: standing.factsOf,
    askGuests,
    decide: (asked) => {
      const { app, compiled } = force()
      return explain(decideByPolicy(compiled.authority, administration.heldBack(asked)), compiled, app)
    },
    admit: (decision, receipt) => {
      const grant = administration.admit(decision, receipt)
      admittedAt.set(grant, nowMs())
      return grant
    },
    isCurrent: administration.isCurrent,
    whenEnded: administration.whenEnded,
    settle: (grant, outcome) => {
      const startedAt = admittedAt.get(grant) ?? nowMs()
      void outcome.then((known) => ledger.append(outcomeRecord(grant, known, startedAt), 'written')).catch(trouble)
    },
    newId,
    nowMs,
  }
}
