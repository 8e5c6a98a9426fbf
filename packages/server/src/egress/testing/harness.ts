import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'

import {
  type Decision,
  type DecisionRecord,
  type GapRecord,
  type Grant,
  type NameRecord,
  type OutcomeRecord,
  sealGrant,
  sealReceipt,
  Secret,
  type Subject,
} from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { type App, explain } from '@sallyport/manifest'

// The worked example is the fixture of the whole house.
import { edited, exampleText, mustLoad } from '../../../../manifest/src/testing/example.ts'
import { makeSvid, makeWorkloadRoot, openAuthority } from '../../certificates/index.ts'
import type { FunctionImage, Invocation, InvocationResult } from '../../host/index.ts'
import { interceptedNames } from '../aws/aws-names.ts'
import type { EmbeddedTables } from '../aws/dynamodb.ts'
import type { DoorListeners } from '../../parser/index.ts'
import { createEgress, type Egress } from '../egress.ts'
import { exampleImage } from './example-image.ts'
import { inProcess } from './in-process.ts'
import type { EgressRooms, FunctionInvocation } from '../rooms.ts'

export const realKey = 'sk_test_the_real_key_0123456789'

/** A box without a box: its listeners are ordinary sockets on loopback, and the policies are the example's. */
export interface Harness {
  readonly app: App
  /** The door itself, for boxes that are real. */
  readonly attachExits: Egress['attachExits']
  readonly boxExtras: Egress['boxExtras']
  /** The function's own name, zone and ARN. */
  readonly image: FunctionImage
  readonly httpPort: number
  readonly httpsPort: number
  /** Where the listener of that port really is. */
  readonly tcpPort: (port: number) => number
  readonly dnsPort: number
  readonly caPem: string
  readonly environment: Readonly<Record<string, string>>
  readonly decisions: DecisionRecord[]
  readonly others: (OutcomeRecord | NameRecord | GapRecord)[]
  readonly lines: string[]
  readonly calls: FunctionInvocation[]
  invocation: Invocation | undefined
  /** What the parser was found to do wrong. */
  readonly faults: string[]
  /** Resolves when the parser has closed everything. */
  endInvocation(): Promise<void>
  /** Ends every grant that something open rests on; says how many there were. */
  revoke(): number
  close(): Promise<void>
}

export interface HarnessOptions {
  readonly functionName?: string
  readonly upstream?: string
  /** What the manifest gives as the endpoint of each table. */
  readonly tableEndpoint?: (dynamodb: string) => string
  /** The embedded tables. */
  readonly tables?: EmbeddedTables
  readonly rooms?: Partial<EgressRooms>
  readonly user?: Subject
  /** Ports of tunnels that the box has listeners for. */
  readonly ports?: readonly number[]
  /** Besides `stripe-key`. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly manifest?: (text: string) => string
  /** Who parses; the same code in this process when absent. */
  readonly channelTo?: (listeners: DoorListeners) => Duplex | Promise<Duplex>
  /** Where the function's bundle lies. */
  readonly codeDir?: string
  /** What the paths in its source map are relative to. */
  readonly appFolder?: string
}

export const alice: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:checkout::user/alice',
  name: 'alice',
  roles: ['customer'],
  sessionId: 's1',
}

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const text =
    options.upstream === undefined ? exampleText : edited('${STRIPE_UPSTREAM:-http://127.0.0.1:8481}', options.upstream)
  const { app: loaded, compiled } = mustLoad(options.manifest?.(text) ?? text)
  const { tableEndpoint } = options
  const tables = loaded.tables.map((table) =>
    tableEndpoint === undefined ? table : { ...table, endpoint: tableEndpoint(table.dynamodb) },
  )
  const app = { ...loaded, tables, folder: options.appFolder ?? loaded.folder }
  const decisions: DecisionRecord[] = []
  const others: (OutcomeRecord | NameRecord | GapRecord)[] = []
  const lines: string[] = []
  const calls: FunctionInvocation[] = []
  const counts = new Map<string, number>()
  const watched = new Map<Grant, () => void>()
  const kept = new Map<string, Secret<string>>()
  const interception = await openAuthority({
    kind: 'interception',
    app: app.name,
    permittedNames: options.rooms?.learn === undefined ? interceptedNames(app) : [''],
    nowMs: Date.now,
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
  })
  const egress = createEgress({
    app: () => app,
    decide: (asked): Decision => explain(decide(compiled.authority, asked), compiled, app),
    record: async (record) => {
      decisions.push(record)
      return sealReceipt({ decision: record.id, leafIndex: BigInt(decisions.length), durability: record.durability })
    },
    append: (record) => others.push(record),
    admit: (decision, receipt) => sealGrant({ decision, receipt, expiresAt: Date.now() + 60_000, epochs: new Map() }),
    isCurrent: () => true,
    useSecret: (name) => {
      const value = { 'stripe-key': realKey, ...options.secrets }[name]
      return value === undefined ? undefined : new Secret(value)
    },
    hasSecret: (name) => ['stripe-key', ...Object.keys(options.secrets ?? {})].includes(name),
    whenEnded: (grant, end) => {
      watched.set(grant, end)
      return () => watched.delete(grant)
    },
    limiter: (key, limit) => {
      const used = (counts.get(key) ?? 0) + 1
      counts.set(key, used)
      return used <= limit.calls ? 0 : limit.perMs
    },
    identityToken: (audience, subject, _, svid) =>
      `identity of ${subject.name} for ${audience}${svid === undefined ? '' : ' with a certificate'}`,
    signRequest: async ({ authority, requestTarget }, covered, { name }) => [
      ['signature-input', `of ${name} for ${authority}${requestTarget} over ${covered.join(' ')}`],
    ],
    svidFor: async ({ name }) => {
      const root = await makeWorkloadRoot('checkout', Date.now(), Date.now() + 3_600_000)
      return makeSvid(`spiffe://checkout/zone/restricted/function/${name}`, root, Date.now(), 600_000)
    },
    rootsOf: () => undefined,
    mayOpen: () => true,
    elevatedRoles: () => [],
    askGuests: (asked) => asked,
    invokeFunction: async (call): Promise<InvocationResult> => {
      calls.push(call)
      return { kind: 'response', body: Buffer.from(JSON.stringify({ statusCode: 201, body: '{"ok":true}' })) }
    },
    askTables: options.tables?.ask ?? (() => Promise.reject(new TypeError('this test has no tables'))),
    upstreamCredentials: () => ({ accessKeyId: 'UPSTREAM0001', secretAccessKey: new Secret('upstream-secret') }),
    interception,
    isolation: 'none (test)',
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    log: (line) => lines.push(line.text),
    ...options.rooms,
  })

  const [http, https, dns] = [createServer(), createServer(), createSocket('udp4')]
  http.listen(0, '127.0.0.1')
  https.listen(0, '127.0.0.1')
  dns.bind(0, '127.0.0.1')
  await Promise.all([http, https, dns].map((socket) => once(socket, 'listening')))
  const image = { ...exampleImage(app, options.functionName ?? 'payments'), codeDir: options.codeDir ?? '/' }
  const tcp = new Map((options.ports ?? []).map((port) => [port, createServer().listen(0, '127.0.0.1')] as const))
  await Promise.all([...tcp.values()].map((server) => once(server, 'listening')))
  // Asked at once: whoever parses may take the listeners away from here.
  let dnsOpen = true
  dns.once('close', () => (dnsOpen = false))
  const [httpPort, httpsPort, dnsPort] = [portOf(http), portOf(https), dns.address().port]
  const tcpPorts = new Map([...tcp].map(([port, server]) => [port, portOf(server)] as const))
  const { environment, caPem } = egress.boxExtras(image, 'box1')
  const harness: Harness = {
    app,
    attachExits: egress.attachExits,
    boxExtras: egress.boxExtras,
    image,
    decisions,
    others,
    lines,
    calls,
    caPem,
    environment,
    httpPort,
    httpsPort,
    tcpPort: (port) => tcpPorts.get(port) ?? 0,
    dnsPort,
    invocation: invocationOf(image, 'i1', options.user ?? alice),
    faults: [],
    endInvocation: () => exits.endInvocation(harness.invocation),
    revoke: () => {
      const ends = [...watched.values()]
      for (const end of ends) end()
      return ends.length
    },
    close: async () => {
      exits.close()
      if (dnsOpen) dns.close()
      await Promise.all([http, https, ...tcp.values()].map((server) => new Promise((resolve) => server.close(resolve))))
      await egress.close()
    },
  }
  const { channelTo = inProcess } = options
  const exits = egress.attachExits({
    boxId: 'box1',
    functionName: image.name,
    channel: await channelTo({ http, https, dns, tcp }),
    onFault: (fault) => harness.faults.push(fault),
    current: () => harness.invocation,
  })
  return harness
}

export function invocationOf(image: Pick<FunctionImage, 'name'>, id: string, user?: Subject): Invocation {
  const asked = { id: 'd0', transaction: 't1', subject: alice, action: 'a', resource: 'r', context: {}, actors: [] }
  const receipt = sealReceipt({ decision: 'd0', leafIndex: 0n, durability: 'written' })
  return {
    id,
    transaction: 't1',
    decision: 'd0',
    functionName: image.name,
    actors: [],
    deadline: Date.now() + 30_000,
    ...(user === undefined ? {} : { user }),
    grant: sealGrant({
      decision: { effect: 'allow', id: 'd0', asked: [asked], reasons: [] },
      receipt,
      expiresAt: Date.now() + 60_000,
      epochs: new Map(),
    }),
    event: new Uint8Array(),
    affinity: '',
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** One request into the box's port 80, or 443 with `tls`; `Host` is the host's name. */
export async function ask(
  harness: Harness,
  url: string,
  options: Omit<RequestOptions, 'headers'> & {
    readonly headers?: OutgoingHttpHeaders
    readonly body?: string
    readonly serverName?: string
  } = {},
): Promise<Answer> {
  const { protocol, host, hostname, pathname, search } = new URL(url)
  const { body, serverName, headers, ...rest } = options
  const common = {
    hostname: '127.0.0.1',
    path: pathname + search,
    method: 'POST',
    agent: false as const,
    ...rest,
    headers: { host, ...headers },
  }
  const message =
    protocol === 'https:'
      ? httpsRequest({ ...common, port: harness.httpsPort, servername: serverName ?? hostname, ca: harness.caPem })
      : httpRequest({ ...common, port: harness.httpPort })
  message.end(body)
  const [response]: IncomingMessage[] = await once(message, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response ?? []) chunks.push(Buffer.from(chunk))
  return { status: response?.statusCode ?? 0, headers: response?.headers ?? {}, body: Buffer.concat(chunks).toString() }
}

/** The code in a refusal's body. */
export function codeOf(answer: Answer): unknown {
  const body: unknown = JSON.parse(answer.body)
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port // it listens on an address, not on a pipe
}
