import type { AccessRequest, Allow, Decision, Deny, Grant, Receipt, Subject } from '@sallyport/core/access'

/** What came of a crossing that was let through. */
export interface Outcome {
  readonly outcome: 'done' | 'refused-upstream' | 'failed' | 'aborted'
  readonly status?: number
  readonly detail?: string
  readonly tls?: string
  /** Bytes toward the upstream and from it, where the crossing was a tunnel. */
  readonly sentBytes?: number
  readonly receivedBytes?: number
}

/** What `pass` gives back at once, and what came of it when the last byte had gone. */
export interface Passed<Response> {
  readonly response: Response
  /** Resolves once; never rejects. */
  readonly outcome: Promise<Outcome>
}

/**
 * One door. The walk is the same for all three (ingress, egress, administration); a gate says how each step is done
 * there.
 * Every step may assume that those before it have happened.
 */
export interface Gate<Request, Response> {
  /** Evidence in, a name out. Never refuses: a bad credential is the anonymous subject with `refused` set. */
  authenticate(request: Request): Promise<Subject> | Subject
  /** Which actions on which resources. What cannot be described carries a `refusal`. */
  describe(request: Request, subject: Subject): readonly [AccessRequest, ...AccessRequest[]]
  /** Adds the facts that conditions ask for. The only fan-out; one deadline. */
  gather(
    asked: readonly [AccessRequest, ...AccessRequest[]],
  ): Promise<readonly [AccessRequest, ...AccessRequest[]]> | readonly [AccessRequest, ...AccessRequest[]]
  /** Pure and synchronous: no clock, no await, no throw. */
  decide(asked: readonly [AccessRequest, ...AccessRequest[]]): Decision
  /** Returns only when the record is as durable as its grade says. Rejects rather than lose one. */
  record(decision: Decision): Promise<Receipt>
  refuse(decision: Deny, receipt: Receipt, request: Request): Promise<Response> | Response
  admit(decision: Allow, receipt: Receipt): Promise<Grant> | Grant
  /** Lets it through: checks the grant and its epochs again just before the last upstream byte. Never rejects. */
  pass(request: Request, grant: Grant): Promise<Passed<Response>>
  /** Records the outcome when it is known. Must not throw and does not hold the answer back. */
  settle(grant: Grant, outcome: Promise<Outcome>): void
}
