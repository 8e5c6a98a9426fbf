import {
  type Decision,
  type DecisionRecord,
  type Grant,
  sealGrant,
  sealReceipt,
  type Subject,
} from '@sallyport/core/access'
import { enforce } from '@sallyport/core/enforcement'

import type { Invocation } from '../../host/index.ts'
import { ingressGate, type IngressRooms } from '../gate.ts'
import { createLimiter } from '../rate-limit.ts'
import type { Destination, IngressRequest, IngressResponse } from '../request.ts'

/** Tests only: who asks. */
export const alice: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:test::user/alice',
  name: 'alice',
  roles: ['customer'],
  sessionId: 's1',
}
/** Where it leads. */
export const destination = (anyone: boolean): Destination => ({
  functionName: 'shop',
  functionArn: 'arn:sallyport:function:test:public:shop',
  zone: 'public',
  parameters: {},
  route: {
    key: 'POST /buy',
    method: 'POST',
    path: '/buy',
    who: [],
    anyone,
    maxBodyBytes: 100,
    limit: { calls: 2, perMs: 60_000 },
    arn: 'arn:sallyport:route:test:public:shop/POST /buy',
    at: { file: 'sallyport.yaml', line: 1, column: 1 },
  },
})
/** What is asked. */
export const request: IngressRequest = {
  method: 'POST',
  path: '/buy',
  query: '',
  headers: new Map([['host', 'localhost']]),
  credentials: ['Bearer x'],
  proofs: [],
  url: 'https://localhost/buy',
  body: new Uint8Array(),
  remoteAddress: '127.0.0.1',
  receivedAt: 0,
  destination: destination(false),
}

/** Rooms in which everything is allowed that the door itself does not refuse. */
export function roomsFor(
  subject: Subject,
  changes: Partial<IngressRooms> = {},
): {
  readonly invoked: Invocation[]
  readonly decided: Decision[]
  readonly nonces: (string | undefined)[]
  readonly ask: (changed?: Partial<IngressRequest>, base?: IngressRequest) => Promise<{ status: number; code: unknown }>
} {
  const invoked: Invocation[] = []
  const decided: Decision[] = []
  const nonces: (string | undefined)[] = []
  const gate = ingressGate({
    app: 'test',
    askGuests: (asked) => asked,
    identify: async () => subject,
    deviceOf: (one) => one,
    standingOf: () => ({}),
    elevatedRoles: () => [],
    countryOf: () => undefined,
    decide: (asked) => {
      const [{ id, refusal }] = asked
      const decision: Decision =
        refusal === undefined
          ? { effect: 'allow', id, asked, reasons: [] }
          : { effect: 'deny', id, asked, explicit: false, layer: refusal.layer, reasons: [refusal] }
      decided.push(decision)
      return decision
    },
    record: async ({ id }) => sealReceipt({ decision: id, leafIndex: 0n, durability: 'synced' }),
    admit: (decision, receipt): Grant => sealGrant({ decision, receipt, expiresAt: 1_000, epochs: new Map() }),
    isCurrent: () => true,
    whenEnded: () => () => undefined,
    dpopNonce: () => 'n1',
    settle: () => undefined,
    invoke: async (invocation) => {
      invoked.push(invocation)
      return { kind: 'response', body: Buffer.from('{"statusCode":200,"body":"bought"}') }
    },
    bodyCheck: () => undefined,
    timeoutMs: () => 1_000,
    limiter: createLimiter(() => 0),
    newId: () => 'd1' satisfies DecisionRecord['id'],
    nowMs: () => 0,
    ...changes,
  })
  return {
    invoked,
    decided,
    nonces,
    ask: async (changed = {}, base = request) => {
      const response: IngressResponse = await enforce({ ...base, ...changed }, gate)
      nonces.push(response.headers.find(([name]) => name === 'dpop-nonce')?.[1])
      const text = Buffer.from(response.body).toString()
      const body: unknown = text.startsWith('{') ? JSON.parse(text) : text
      const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : 'none'
      return { status: response.status, code }
    },
  }
}
