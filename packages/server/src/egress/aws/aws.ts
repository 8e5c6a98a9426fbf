import { createHash, createHmac } from 'node:crypto'

import { awsJsonError, awsXmlError, type Described, describeDynamoDb } from '@sallyport/aws'
import { actions, arn, type Deny, type Grant, type Reason, SallyportError } from '@sallyport/core/access'
import { type SigningKeys, verifySigV4 } from '@sallyport/core/identity'
import type { Table } from '@sallyport/manifest'
import type { Passed } from '@sallyport/core/enforcement'
import aws4 from 'aws4' // CommonJS without named exports

import type { Invocation } from '../../host/index.ts'
import type { Box } from '../box.ts'
import { handBack, local } from '../door/hand-back.ts'
import type { Exit } from '../exit.ts'
import { endedSince } from '../gate.ts'
import { doorReason, type Head } from '../listen/head.ts'
import { type Life, liveUnder } from '../life.ts'
import type { ExitResponse } from '../refusal.ts'
import type { EgressRooms } from '../rooms.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { Ending } from '../ending.ts'
import { errorFormOf, noDoor, serviceOf } from './no-door.ts'

/** The AWS door: verifies the box's own signature, says what the call would do, and signs it anew once it may. */
export interface AwsDoor {
  exit(box: Box, invocation: Invocation | undefined, signal: Ending, head: Head, body: Uint8Array): Exit<ExitResponse>
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest()
const upstreamTimeoutMs = 30_000
/** AWS answers with 1 MB of rows at most, which is more as JSON. */
const maxAnswerBytes = 16 * 1024 * 1024

/** What a request was found to be: what to ask, or AWS's name for why not. */
type Reading =
  | { readonly kind: 'described'; readonly described: Described<Table> & { ok: true }; readonly region: string }
  | { readonly kind: 'refused'; readonly type: string; readonly reason: Reason }

/**
 * Makes the AWS door. `exit` never throws for what a box sent: whatever cannot be read or is not known becomes an exit
 * with a certain refusal, in the error form that AWS's own clients understand.
 */
export function createAwsDoor(rooms: EgressRooms, upstreams: Upstreams): AwsDoor {
  const signingKeys: SigningKeys = new Map()

  function read(box: Box, head: Head, body: Uint8Array): Reading {
    const verified = verifySigV4(
      { method: head.method, target: head.path + head.query, headers: head.pairs, body },
      // A key is known on the listener of its own box alone: stolen, it opens nothing.
      (accessKeyId) => (accessKeyId === box.credential.accessKeyId ? box.credential : undefined),
      { nowSeconds: Math.floor(rooms.clock() / 1000), sha256, hmacSha256, signingKeys },
    )
    // S3's clients sign uploads in ways that nobody here reads: they too are told the reason that counts.
    const named = serviceOf(head)
    if (!verified.ok && named !== undefined && named !== 'dynamodb') return withoutDoor(named)
    if (!verified.ok) return refused(verified.code, 'aws.signature', `${verified.code}: ${verified.message}.`)
    if (verified.service !== 'dynamodb') return withoutDoor(verified.service)
    if (head.method !== 'POST' || head.path !== '/' || head.query !== '') {
      return refused('UnknownOperationException', 'aws.unknown_operation', 'DynamoDB is spoken to by POST / only.')
    }
    const described = describeDynamoDb({ target: head.headers.get('x-amz-target') ?? '', body }, rooms.app().tables)
    if (!described.ok) {
      const { type, code, message } = described.awsError
      // What is not known is denied; what cannot be read is the caller's mistake. Both are on record.
      return refused(code === 'aws.malformed' ? type : 'AccessDeniedException', code, `${message}.`)
    }
    const foreign = described.tables.find((table) => table.region !== verified.region)
    if (foreign) {
      return refused(
        'AccessDeniedException',
        'aws.region',
        `${foreign.dynamodb} is in ${foreign.region}, not ${verified.region}.`,
      )
    }
    if (new Set(described.tables.map(({ endpoint }) => endpoint)).size > 1) {
      return refused('ValidationException', 'aws.mixed_endpoints', 'These tables are not kept in one place.')
    }
    return { kind: 'described', described, region: verified.region }
  }

  return {
    exit: (box, invocation, signal, head, body) => {
      const reading = read(box, head, body)
      const type = reading.kind === 'refused' ? reading.type : 'AccessDeniedException'
      const refuse = (decision: Deny): ExitResponse => awsRefusal(type, decision, head)
      if (reading.kind === 'refused') {
        return {
          box,
          invocation,
          refuse,
          refusal: reading.reason,
          durability: 'written',
          pass: neverAllowed,
          asks: [{ action: actions.useDoor, resource: arn.door(rooms.app().name, 'aws', operationOf(head)) }],
        }
      }
      const { described, region } = reading
      const [first, ...rest] = described.asks
      const withRegion = (ask: typeof first): typeof first => ({
        ...ask,
        context: { ...ask.context, 'aws:RequestedRegion': region },
      })
      const [table] = described.tables
      const endpoint = table.endpoint === undefined ? undefined : new URL(table.endpoint)
      return {
        box,
        invocation,
        refuse,
        asks: [withRegion(first), ...rest.map(withRegion)],
        durability: described.readOnly ? 'written' : 'synced',
        upstream: { host: endpoint?.host ?? 'embedded', tls: endpoint?.protocol === 'https:' ? '>=TLSv1.2' : 'none' },
        pass: async (grant) => {
          const life = liveUnder(rooms, grant, signal)
          const passed = await call(grant, life)
          void passed.outcome.then(() => life.release())
          return passed
        },
      }

      async function call(grant: Grant, life: Life): Promise<Passed<ExitResponse>> {
        const ended = endedSince(rooms, { box, invocation }, grant, life.signal)
        if (ended !== undefined) return local(ended, 'The right to make this request ended.', grant, 'aborted')
        try {
          const { operation, canonicalBody } = described
          const common = { body: canonicalBody, timeoutMs: upstreamTimeoutMs, signal: life.signal }
          const answer = await (endpoint === undefined
            ? rooms.askTables({ operation, ...common })
            : upstreams.call({
                pool: `aws ${box.image.name}`,
                origin: endpoint.origin,
                privateUpstream: true, // it stands in the manifest
                method: 'POST',
                target: '/',
                headers: signedHeaders(rooms, table, endpoint.host, operation, canonicalBody),
                ...common,
              }))
          return await handBack(answer, { life, patterns: [], maxBytes: maxAnswerBytes, reserve: () => true })
        } catch (error) {
          if (!(error instanceof SallyportError)) throw error
          return {
            response: response(
              awsJsonError('InternalServerError', 'The table could not be reached.', grant.decision.id),
              500,
            ),
            outcome: Promise.resolve({ outcome: life.signal.aborted ? 'aborted' : 'failed', detail: error.code }),
          }
        }
      }
    },
  }
}

function refused(type: string, code: string, message: string): Reading & { kind: 'refused' } {
  return { kind: 'refused', type, reason: doorReason(code, message) }
}

function withoutDoor(service: string): Reading {
  return refused('AccessDeniedException', 'aws.unknown_operation', noDoor(service))
}

function operationOf(head: Head): string {
  return (head.headers.get('x-amz-target') ?? '').replaceAll(/[^A-Za-z0-9_.-]/g, '').slice(0, 80) || '?'
}

/** A signature of the real principal, over exactly what was decided. Nothing of the caller's headers is in it. */
function signedHeaders(
  rooms: EgressRooms,
  table: Table,
  host: string,
  operation: string,
  body: Uint8Array,
): readonly (readonly [string, string])[] {
  const credentials = rooms.upstreamCredentials(table)
  const stamp = new Date(rooms.clock()).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const request = aws4.sign(
    {
      method: 'POST',
      host,
      path: '/',
      service: 'dynamodb',
      region: table.region,
      body: Buffer.from(body),
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': `DynamoDB_20120810.${operation}`,
        'X-Amz-Date': stamp,
      },
    },
    {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken.reveal() }),
    },
  )
  return Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])
}

/** The reason's code and the id stand in the message, because that is what an SDK's exception shows. */
export function awsRefusal(type: string, decision: Deny, head: Head): ExitResponse {
  const [{ code, message }] = decision.reasons
  const words = `${message} (${code}; why: sallyport why ${decision.id})`
  const form = errorFormOf(head)
  return response(form === 'json' ? awsJsonError(type, words, decision.id) : awsXmlError(form, words, decision.id))
}

function response(error: ReturnType<typeof awsJsonError>, status = error.status): ExitResponse {
  return { status, headers: Object.entries(error.headers), body: error.body }
}

function neverAllowed(grant: Grant): never {
  throw new SallyportError('egress.refusal_ignored', `a request with a refusal was admitted as ${grant.decision.id}`)
}
