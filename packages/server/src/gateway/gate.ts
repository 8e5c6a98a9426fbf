import { hash } from 'node:crypto'

import {
  type AccessRequest,
  actions,
  anonymous,
  arn,
  type Context,
  contextKeys,
  type Decision,
  type Grant,
  type Reason,
  type Receipt,
  type Subject,
} from '@sallyport/core/access'
import type { Allow } from '@sallyport/core/access'
import type { Gate, Outcome } from '@sallyport/core/enforcement'
import type { Evidence } from '@sallyport/core/identity'

import type { DeviceEvidence, DeviceProof } from '../devices/index.ts'
import { type AskGuests, countedNetwork, principalFacts, subjectFacts } from '../information/index.ts'
import type { Invocation, InvocationResult } from '../host/index.ts'
import { publicFailure, readFunctionResult, toEvent } from '../host/index.ts'
import type { BodyCheck } from './body-schema.ts'
import type { Limiter } from './rate-limit.ts'
import { jsonResponse, refusalResponse } from './refusal.ts'
import { ended, firstOf, outcomeOf, streamedResponse } from './streamed.ts'
import { type Destination, gatewayReason, type IngressRequest, type IngressResponse } from './request.ts'

/** What the ingress door needs from the other rooms; main.ts hands it in. */
export interface IngressRooms {
  readonly app: string
  /** Token, proof and certificate → whom they prove, or the anonymous subject with `refused` set. */
  readonly identify: (evidence: Evidence) => Subject | Promise<Subject>
  /** Whom a client certificate proves, where the request bears no token; undefined for one that proves nobody. */
  readonly identifyService?: (certificates: readonly Uint8Array[]) => Subject | undefined
  /** Whom a signature of the request proves (RFC 9421), where it bears no token; undefined where nobody signs here. */
  readonly identifySigner?: (request: IngressRequest) => Promise<Subject> | undefined
  /** The person with the device that the request proves. */
  readonly deviceOf: DeviceProof
  /** The nonce that clients of DPoP are to use next (RFC 9449 §8.2). */
  readonly dpopNonce: () => string
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  /** What shared signals say of the subject. */
  readonly standingOf: (subject: Subject) => Context
  readonly countryOf: (address: string) => string | undefined
  /** Adds what the guests say. Never rejects. */
  readonly askGuests: AskGuests
  readonly decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => Decision
  readonly record: (decision: Decision) => Promise<Receipt>
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  readonly isCurrent: (grant: Grant) => boolean
  /** Calls back once when the grant has ended; the answer takes the wish back. */
  readonly whenEnded: (grant: Grant, ended: () => void) => () => void
  readonly settle: (grant: Grant, outcome: Promise<Outcome>) => void
  readonly invoke: (invocation: Invocation) => Promise<InvocationResult>
  readonly bodyCheck: (routeArn: string) => BodyCheck | undefined
  readonly timeoutMs: (functionName: string) => number
  readonly limiter: Limiter
  readonly newId: () => string
  readonly nowMs: () => number
}

/** The ingress door: a request from outside, on its way to a function. */
export function ingressGate(rooms: IngressRooms): Gate<IngressRequest, IngressResponse> {
  return {
    authenticate: (request) => (request.fault === undefined ? whoAsks(request, rooms) : anonymous),
    describe: (request, subject) => {
      const refusal = refusalOf(request, subject, rooms)
      const { destination } = request
      return [
        {
          id: rooms.newId(),
          transaction: rooms.newId(),
          subject,
          action: actions.callRoute,
          resource: destination?.route.arn ?? arn.route(rooms.app, '', '?', `${request.method} ${request.path}`),
          context: {
            ...factsOf(request, subject, rooms),
            ...rooms.standingOf(subject),
            ...putOut(subject),
            ...principalFacts(subject, rooms.nowMs()),
            [contextKeys.sourceZone]: 'internet',
            [contextKeys.sourceIp]: request.remoteAddress,
            ...userAgentOf(request),
          },
          actors: [],
          ...(subject.kind === 'user' ? { user: subject } : {}),
          ...(refusal === undefined ? {} : { refusal }),
        },
      ]
    },
    gather: rooms.askGuests,
    decide: rooms.decide,
    record: rooms.record,
    refuse: (decision, _receipt, request) => {
      const [{ code }] = decision.reasons
      const dpop = speaksDpop(request)
      const response = refusalResponse(decision, {
        realm: rooms.app,
        dpop,
        mfa: decision.asked[0].context[contextKeys.mfa] === true,
        ...(request.destination?.route.assurance === undefined
          ? {}
          : { assurance: request.destination.route.assurance }),
        ...(code === 'gateway.rate_limited' ? { retryAfterMs: 1000 } : {}),
      })
      return dpop || code.startsWith('dpop.') ? withNonce(response, rooms) : response
    },
    admit: rooms.admit,
    pass: (request, grant) => {
      const passing = pass(request, grant, rooms)
      if (!speaksDpop(request)) return passing
      return passing.then(({ response, outcome }) => ({ response: withNonce(response, rooms), outcome }))
    },
    settle: rooms.settle,
  }
}

/** A token says who asks, and what else is shown is proof beside it; without one, certificate or signature may. */
function whoAsks(request: IngressRequest, rooms: IngressRooms): Promise<Subject> | Subject {
  const { certificates, credentials, proofs } = request
  const bare = credentials.length === 0 && proofs.length === 0
  const service = bare && certificates !== undefined ? rooms.identifyService?.(certificates) : undefined
  if (service !== undefined) return service
  const signer = bare && request.headers.has('signature-input') ? rooms.identifySigner?.(request) : undefined
  if (signer !== undefined) return signer
  const subject = rooms.identify(evidenceOf(request))
  const { deviceOf } = rooms
  const shown = deviceEvidenceOf(request)
  return subject instanceof Promise ? subject.then((one) => deviceOf(one, shown)) : deviceOf(subject, shown)
}

function factsOf({ remoteAddress, receivedAt }: IngressRequest, subject: Subject, rooms: IngressRooms): Context {
  return subjectFacts(subject, rooms.elevatedRoles(subject.id), rooms.countryOf(remoteAddress), receivedAt)
}

function evidenceOf({ credentials, proofs, method, url, certificateThumbprint }: IngressRequest): Evidence {
  const shown = certificateThumbprint === undefined ? {} : { certificateThumbprint }
  return { credentials, proofs, target: { method, url }, ...shown }
}

function deviceEvidenceOf({ certificates, certificateThumbprint, statements = [] }: IngressRequest): DeviceEvidence {
  return {
    statements,
    ...(certificates === undefined ? {} : { certificates }),
    ...(certificateThumbprint === undefined ? {} : { certificateThumbprint }),
  }
}

/** A device that its manager has put out is managed no more, whatever else is said of it. */
function putOut({ device }: Subject): Context {
  return device?.compliant === false ? { [contextKeys.deviceCompliant]: false, [contextKeys.deviceManaged]: false } : {}
}

function speaksDpop({ credentials, proofs }: IngressRequest): boolean {
  return proofs.length > 0 || credentials.some((value) => /^dpop /i.test(value))
}

function withNonce(response: IngressResponse, rooms: IngressRooms): IngressResponse {
  return { ...response, headers: [...response.headers, ['dpop-nonce', rooms.dpopNonce()]] }
}

/** What the caller says that it is, cut to what a condition looks at; absent where it says nothing. */
function userAgentOf({ headers }: IngressRequest): Context {
  const said = headers.get('user-agent')?.slice(0, 512) ?? ''
  return said === '' ? {} : { [contextKeys.userAgent]: said }
}

/** What is certain before any policy is asked, in the order in which a caller would want to hear it. */
function refusalOf(request: IngressRequest, subject: Subject, rooms: IngressRooms): Reason | undefined {
  const { destination, fault } = request
  if (fault !== undefined) return fault
  if (destination === undefined)
    return gatewayReason('route.unlisted', 'No route is written down for this method and path.')
  // A route for anyone needs no token; one that is shown must still be good, or whoever shows it is misled.
  const { refused } = subject
  if (refused !== undefined && !(destination.route.anyone && refused.code === 'token.missing')) {
    return gatewayReason(refused.code, refused.message)
  }
  if (subject.kind === 'anonymous' && !destination.route.anyone) {
    return gatewayReason('token.missing', 'This route needs a bearer token.')
  }
  const { limit } = destination.route
  const who = subject.kind === 'anonymous' ? `address ${countedNetwork(request.remoteAddress)}` : subject.id
  if (limit !== undefined && rooms.limiter(`${who} ${destination.route.arn}`, limit) > 0) {
    return gatewayReason('gateway.rate_limited', `More than ${limit.calls} calls in ${limit.perMs / 1000} s.`)
  }
  return rooms.bodyCheck(destination.route.arn)?.(request.body, request.headers.get('content-type'))
}

async function pass(
  request: IngressRequest,
  grant: Grant,
  rooms: IngressRooms,
): Promise<{ response: IngressResponse; outcome: Promise<Outcome> }> {
  const [asked] = grant.decision.asked
  const { destination } = request
  if (destination === undefined || !rooms.isCurrent(grant)) return ended(grant)
  const { answer, invoked } = firstOf(grant, rooms, (onStream) =>
    rooms.invoke({ ...invocationFor(request, destination, grant, asked, rooms), onStream }),
  )
  const result = await answer
  if (result !== undefined && 'status' in result) return streamedResponse(result, invoked, grant, rooms)
  if (result === undefined) return ended(grant)
  const { response, outcome } = await responseOf(result, grant, destination.functionName)
  // The grant may have ended while the function ran, or its answer was read: that must then not leave.
  if (!rooms.isCurrent(grant)) return ended(grant)
  return {
    response: { ...response, headers: [...response.headers, ['x-sallyport-id', grant.decision.id]] },
    outcome: Promise.resolve({ ...outcome, status: response.status }),
  }
}

function invocationFor(
  request: IngressRequest,
  destination: Destination,
  grant: Grant,
  asked: AccessRequest,
  rooms: IngressRooms,
): Invocation {
  const id = rooms.newId()
  const { user, transaction } = asked
  return {
    id,
    transaction,
    decision: grant.decision.id,
    functionName: destination.functionName,
    ...(user === undefined ? {} : { user }),
    actors: [],
    deadline: Math.min(grant.expiresAt, rooms.nowMs() + rooms.timeoutMs(destination.functionName)),
    grant,
    event: toEvent(
      {
        routeKey: destination.route.key,
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        pathParameters: destination.parameters,
        body: request.body,
        sourceIp: request.remoteAddress,
        requestId: id,
        receivedAt: request.receivedAt,
        transaction,
        ...(user === undefined ? {} : { user }),
      },
      destination.event,
    ),
    affinity: user === undefined ? '' : affinityOf(user),
  }
}

/** One subject, in one session, at one level of assurance: the sharing that `reuse: user` permits. */
export function affinityOf(user: Subject): string {
  const known = affinities.get(user)
  if (known !== undefined) return known
  const { id, sessionId, authentication, device } = user
  const affinity = hash('sha256', JSON.stringify([id, sessionId, authentication?.mfa, device?.id]))
  affinities.set(user, affinity)
  return affinity
}

/** A token that is shown again is one and the same subject. */
const affinities = new WeakMap<Subject, string>()

async function responseOf(
  result: InvocationResult,
  { decision: { id } }: Grant,
  functionName: string,
): Promise<{ readonly response: IngressResponse; readonly outcome: Outcome }> {
  const failed = (status: number, code: string, headers?: readonly (readonly [string, string])[]): IngressResponse =>
    jsonResponse(status, { code, reason: publicFailure(code), id }, headers)
  const outcome = outcomeOf(result)
  if (result.kind === 'error') {
    const { code } = result
    if (code === 'function.busy') return { response: failed(429, code, [['retry-after', '1']]), outcome }
    return { response: failed(code === 'function.timed_out' ? 504 : 502, code), outcome }
  }
  const answer = await readFunctionResult(result.body, functionName)
  if (answer !== undefined) return { response: answer, outcome }
  const detail = 'function.bad_response: what it returned is no HTTP response'
  return { response: failed(502, 'function.bad_response'), outcome: { outcome: 'failed', detail } }
}
