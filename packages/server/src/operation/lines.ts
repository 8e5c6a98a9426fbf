import type { Deny, Grant, LifecycleRecord, OutcomeRecord } from '@sallyport/core/access'
import { type Outcome, refusalLine, sessionOf } from '@sallyport/core/enforcement'

import type { BoxEvent, Invocation, OutputLine } from '../host/index.ts'
import type { Ending } from './close-all.ts'
import { nowMs } from './moment.ts'

/** An outcome as the ledger keeps it, timed from the moment the grant was used. */
export function outcomeRecord(grant: Grant, known: Outcome, startedAt: number): OutcomeRecord {
  const { outcome, status, detail, tls } = known
  const sessionId = sessionOf(grant.decision.asked[0])
  return {
    kind: 'outcome',
    at: nowMs(),
    decision: grant.decision.id,
    transaction: grant.decision.asked[0].transaction,
    ...(sessionId === undefined ? {} : { sessionId }),
    outcome,
    durationMs: nowMs() - startedAt,
    ...(status === undefined ? {} : { status }),
    ...(detail === undefined ? {} : { detail }),
    ...(tls === undefined ? {} : { tls }),
  }
}

/** What happened to a box, as a line of its function's log. */
export function platformLine(event: BoxEvent): OutputLine {
  const { kind, functionName, boxId, detail, transaction, invocation } = event
  return {
    at: nowMs(),
    functionName,
    boxId,
    ...(transaction === undefined ? {} : { transaction }),
    ...(invocation === undefined ? {} : { invocation }),
    stream: 'platform',
    text: `${kind}: ${detail}`,
  }
}

/** Why an invocation had no answer, as a line of its function's log. Callers learn the code alone. */
export function failureLine(invocation: Invocation, { code, message }: { code: string; message: string }): OutputLine {
  const { functionName, transaction, id } = invocation
  const text = `${code}: ${message}`
  return { at: nowMs(), functionName, boxId: '', transaction, invocation: id, stream: 'platform', text }
}

/** A refusal at the gateway or the administration door, for the operator's eyes. */
export function refusedLine(decision: Deny): OutputLine {
  const [{ transaction, resource }] = decision.asked
  // `arn:sallyport:route:APP:ZONE:FUNCTION/…`: the function that it would have reached, where there is one.
  const functionName = /^arn:sallyport:route:[^:]*:[^:]*:([^/]+)\//.exec(resource)?.[1] ?? ''
  return { at: nowMs(), functionName, boxId: '', transaction, stream: 'platform', text: refusalLine(decision) }
}

/** Records that the server has started, and, first of all that ends, that it stops. */
export async function recordLifecycle(
  append: (record: LifecycleRecord) => Promise<unknown>,
  detail: string,
  started: Ending[],
): Promise<void> {
  const tell = (event: 'start' | 'stop'): Promise<unknown> => append({ kind: 'lifecycle', at: nowMs(), event, detail })
  await tell('start')
  started.push(async () => void (await tell('stop')))
}
