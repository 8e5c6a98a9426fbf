import { hash } from 'node:crypto'

import { type Draft, type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import type { Passed } from '@sallyport/core/enforcement'
import { type App, type Door, secretsOf, setSecretFix } from '@sallyport/manifest'

import { certificateWith, type Credential, fillIn } from './credential.ts'
import type { DoorRequest, DoorTools } from './door-request.ts'
import { judgeBody, judgeQuery } from './fields.ts'
import { endedSince } from '../gate.ts'
import { handBack, local } from './hand-back.ts'
import { doorReason, type Head } from '../listen/head.ts'
import { forwardedHeaders } from '../listen/headers.ts'
import type { Life } from '../life.ts'
import { secretPatterns } from './redact.ts'
import type { ExitResponse } from '../refusal.ts'
import type { EgressRooms } from '../rooms.ts'
import type { Peer } from '../upstream/peer.ts'
import type { UpstreamCall } from '../upstream/upstream-call.ts'

/** The call of an upstream with everything that the door adds, or that the right to make it has ended. */
export type PreparedCall =
  | {
      readonly kind: 'call'
      readonly call: UpstreamCall
      /** What must not come back. */
      readonly secrets: readonly string[]
      readonly token: string | undefined
      /** For the outcome. */
      readonly note: string | undefined
    }
  | { readonly kind: 'ended'; readonly passed: Passed<ExitResponse> }

/** Takes the secrets, fills them in, and asks once more whether the request may go. */
export async function preparedCall(
  tools: DoorTools,
  request: DoorRequest,
  grant: Grant,
  life: Life,
): Promise<PreparedCall> {
  const { rooms } = tools
  const { box, invocation, route, head, content } = request
  const { door, operation } = route
  const credential = fillIn(door, await takeSecrets(rooms, secretsOf(door)))
  const token = credential.client && (await takeToken(tools, request, credential.client, life))
  const svid = door.add.svid === true ? await rooms.svidFor(box.subject) : undefined
  const certificate = credential.certificate ?? (svid && certificateWith(svid.cert, svid.key))
  const audience = door.add.identity?.audience
  const bearer =
    token ?? (audience === undefined ? undefined : rooms.identityToken(audience, box.subject, invocation, svid))
  const query = judgeQuery(head.query, operation, credential.query)
  const body =
    content.kind === 'whole'
      ? judgeBody(content.bytes, head.headers.get('content-type'), operation, credential.body)
      : undefined
  if (query.kind !== 'fits' || (body !== undefined && body.kind !== 'fits')) {
    throw new SallyportError('door.field', 'what had been judged to fit does not fit')
  }
  const { headers: kept, stripped } = forwardedHeaders(head, door, operation, request.idempotencyKey)
  const unsigned: Fields = [
    ...kept.filter(([name]) => door.add.signed !== true || !ofSignatures.has(name)),
    ...credential.headers,
    ...(bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`] as const]),
  ]
  const target = route.path + query.value
  const whole = content.kind === 'whole' ? (body?.value ?? content.bytes) : undefined
  const headers = door.add.signed === true ? await signed(rooms, request, target, unsigned, whole) : unsigned
  const ended = endedSince(rooms, { box, invocation }, grant, life.signal)
  if (ended !== undefined) return { kind: 'ended', passed: local(ended, publicWords(ended), grant, 'aborted') }
  const call: Draft<UpstreamCall> = {
    pool: `${rooms.app().name} ${door.name} ${box.image.name}`,
    origin: door.upstream,
    privateUpstream: door.privateUpstream,
    protocol: protocolFor(head, door),
    method: head.method,
    target,
    headers,
    body: content.kind === 'whole' ? (whole ?? content.bytes) : content.open(),
    timeoutMs: operation.timeoutMs,
    signal: life.signal,
  }
  if (certificate !== undefined) call.certificate = certificate
  if (door.peer !== undefined) call.peer = peerOf(door.peer, door.to, rooms)
  const secrets = [...credential.secrets, ...(bearer === undefined ? [] : [bearer])]
  return { kind: 'call', call, secrets, token, note: noteOf(stripped, request) }
}

type Fields = readonly (readonly [name: string, value: string])[]

/** What the door says itself where it signs; of the function's own nothing goes out. */
const ofSignatures: ReadonlySet<string> = new Set(['content-digest', 'signature', 'signature-input'])

/** What else is covered, where it is there: who asks, and how the body is to be read. */
const alsoCovered = ['authorization', 'content-type', 'content-digest'] as const

/** The request as it leaves, with its digest (RFC 9530) and its signature (RFC 9421). */
async function signed(
  rooms: EgressRooms,
  { box, route: { door }, head: { method } }: DoorRequest,
  requestTarget: string,
  unsigned: Fields,
  body: Uint8Array | undefined,
): Promise<Fields> {
  if (body === undefined) throw new SallyportError('door.field', 'a body that is to be signed was not read whole')
  const digest = `sha-256=:${hash('sha256', body, 'base64')}:`
  const fields: Fields = body.length === 0 ? unsigned : [...unsigned, ['content-digest', digest]]
  const { protocol, host } = new URL(door.upstream)
  const authority = door.peer === undefined ? host : new URL(door.to).host
  const scheme = protocol === 'http:' ? 'http' : 'https'
  const names = alsoCovered.filter((name) => fields.some(([given]) => given === name))
  const message = { kind: 'request', method, scheme, authority, requestTarget, fields } as const
  return [...fields, ...(await rooms.signRequest(message, ['@method', '@target-uri', ...names], box.subject))]
}

/** Whoever vouches for the peer now: authorities follow one another. */
function peerOf(id: string, to: string, { rootsOf }: EgressRooms): Peer {
  const trustDomain = new URL(id).host
  return { id, host: new URL(to).host, trustDomain, roots: rootsOf(trustDomain) ?? [] }
}

const transientStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Sends an admitted request on, and hands back what comes. */
export async function passDoor(
  tools: DoorTools,
  request: DoorRequest,
  grant: Grant,
  life: Life,
): Promise<Passed<ExitResponse>> {
  // Before it is asked once more whether the request may go: waiting takes time, in which a right may end.
  const place = tools.held.slots(request.route.door.name).take()
  const free = typeof place === 'function' ? place : await place
  try {
    const prepared = await preparedCall(tools, request, grant, life)
    const passed = prepared.kind === 'ended' ? prepared.passed : await answerTo(tools, request, life, prepared)
    void passed.outcome.then(free)
    return passed
  } catch (error) {
    free()
    throw error
  }
}

async function answerTo(
  tools: DoorTools,
  request: DoorRequest,
  life: Life,
  { call, secrets, token, note }: PreparedCall & { kind: 'call' },
): Promise<Passed<ExitResponse>> {
  const { operation } = request.route
  const answering = tools.upstreams.call(call)
  const patterns = secretPatterns(secrets) // while the upstream is at work
  const answer = await answering
  if (token !== undefined && answer.status === 401) tools.tokens.drop(token)
  if (transientStatuses.has(answer.status) && operation.retries >= request.attempt) {
    if (!(answer.body instanceof Uint8Array)) answer.body.destroy()
    const { status, tls, headers } = answer
    return {
      response: { status, headers, body: new Uint8Array(), again: true },
      outcome: Promise.resolve({ outcome: 'failed', status, tls, ...(note === undefined ? {} : { detail: note }) }),
    }
  }
  return handBack(answer, {
    life,
    patterns,
    returns: operation.returns,
    maxBytes: tools.maxAnswerBytes,
    reserve: tools.held.reserve,
    note,
  })
}

/**
 * The version that the function speaks, where the upstream can be asked for it: by ALPN over TLS. A plain upstream is
 * spoken to in HTTP/2 only where the function itself knew that beforehand, or where gRPC leaves no choice.
 */
function protocolFor({ protocol, scheme, headers }: Head, { upstream }: Door): '1.1' | '2' {
  if (protocol === '1.1' || upstream.startsWith('https:') || scheme === 'http') return protocol
  return headers.get('content-type')?.startsWith('application/grpc') === true ? '2' : '1.1'
}

/** What the function is told; the operator's words stand in the outcome. */
export function publicWords(code: string): string {
  switch (code) {
    case 'exit.invocation_ended':
    case 'grant.ended':
      return 'The right to make this request ended.'
    case 'exit.no_descriptors':
      return 'The server is short of file descriptors; try again.'
    case 'exit.too_many_bytes':
      return 'The bodies of this box that are held at one time are more than they may be.'
    case 'request.too_large':
      return 'The request body is larger than this door takes.'
    case 'upstream.protocol':
      return 'The upstream does not speak HTTP/2, as this request did: it may be sent in HTTP/1.1.'
    case 'upstream.unwritable':
      return 'The request cannot be written to the upstream as it stands.'
    case 'secret.missing':
      return 'A secret that the door needs has not been set.'
    case 'secret.unusable':
      return 'A secret cannot stand where the door puts it.'
    default:
      return 'The upstream did not answer in a way that can be handed back.'
  }
}

/** The reason for a secret that nobody has set, with the command that does. */
export function missingSecret(app: App, name: string): Reason {
  return doorReason('secret.missing', `The secret ${name} has not been set.`, setSecretFix(app, name).fix)
}

async function takeSecrets(rooms: EgressRooms, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>()
  for (const name of names) {
    const used = rooms.useSecret(name)
    const secret = used instanceof Promise ? await used : used
    if (secret === undefined) throw new SallyportError('secret.missing', missingSecret(rooms.app(), name).message)
    secrets.set(name, secret.reveal())
  }
  return secrets
}

async function takeToken(
  { tokens }: DoorTools,
  { route, box }: DoorRequest,
  { id, secret }: NonNullable<Credential['client']>,
  { signal }: Life,
): Promise<string | undefined> {
  const { door, operation } = route
  if (door.add.oauth === undefined) return undefined
  const key = `${door.name} ${box.image.name}`
  return tokens.take({ door: key, oauth: door.add.oauth, client: id, secret, timeoutMs: operation.timeoutMs, signal })
}

function noteOf(stripped: readonly string[], { attempt }: DoorRequest): string | undefined {
  const notes = [
    ...(stripped.length === 0 ? [] : [`the caller's own ${stripped.join(', ')} was left behind`]),
    ...(attempt === 1 ? [] : [`attempt ${attempt}`]),
  ]
  return notes.length === 0 ? undefined : notes.join('; ')
}
