import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

import {
  type AccessRequest,
  type ConfigurationRecord,
  type Decision,
  type DecisionRecord,
  type Grant,
  type LedgerRecord,
  type OutcomeRecord,
  type Subject,
} from '@sallyport/core/access'
import { decisionRecord, type Outcome } from '@sallyport/core/enforcement'
import { authenticateBearer, createVerifier, type Verifier } from '@sallyport/core/identity'
import { decide as decideByPolicy } from '@sallyport/core/policy'
import { accessOf, type App, type CompiledApp, explain, matchRoute } from '@sallyport/manifest'

import { openAdministration } from './administration/index.ts'
import { administrationGate, administrativeVerbs, startApi } from './api/index.ts'
import { openAuthority } from './certificates/index.ts'
import { createEgress, startDynalite } from './egress/index.ts'
import {
  affinityOf,
  type BodyCheck,
  compileBodyCheck,
  createLimiter,
  type Destination,
  ingressGate,
  startGateway,
} from './gateway/index.ts'
import {
  type BoxEvent,
  createBoxEngine,
  type Engine,
  type Invocation,
  type InvocationResult,
  type OutputLine,
  runtimeFolderFor,
} from './host/index.ts'
import { createUserStore, provisionUsers, startIdentityProvider } from './identity-provider/index.ts'
import { compileLocations } from './information/index.ts'
import { type Ledger, nodeSha256, openLedger, openLedgerSigner, readLedger } from './ledger/index.ts'
import {
  agreeToBroadening,
  announceApi,
  audienceOf,
  buildFunctions,
  compareAccess,
  durabilityOf,
  explainListenFailure,
  issuersOf,
  loadManifestOf,
  openFolders,
  openOutputLog,
  readIfPresent,
  type ServerOptions,
  tableCredentials,
  watchFolder,
  writePrivate,
} from './operation/index.ts'
import { openStore } from './stores/index.ts'
import { openVault } from './vault/index.ts'

/** A server that is up. */
export interface RunningServer {
  readonly status: Status
  /** Ends everything that was started, in reverse order. */
  close(): Promise<void>
}

/** What `GET /v1/status` tells, and what the banner is made of. */
export interface Status {
  readonly app: string
  readonly pid: number
  /** `https://localhost:8443` */
  readonly gateway: string
  readonly issuer: string
  /** PEM of the authority that clients of the gateway and the issuer must trust. */
  readonly caFile: string
  readonly isolation: string
  readonly ledger: string
  /** The function whose boxes may be debugged, if any. */
  readonly debug?: string
  /** What this start found of the last one, in words. */
  readonly found?: string
}

/** The manifest in force, with everything that is made of it. Replaced whole, never changed. */
interface Force {
  readonly app: App
  readonly compiled: CompiledApp
  readonly verifier: Verifier
  readonly countryOf: (address: string) => string | undefined
  readonly bodyChecks: ReadonlyMap<string, BodyCheck>
}

const newId = (): string => randomBytes(16).toString('hex')
const nowMs = (): number => Date.now()
const nowSeconds = (): number => Math.floor(Date.now() / 1000)
const knocks = { calls: 400, perMs: 1000 }

/** Starts an app: the one place where the rooms meet. Whatever fails, everything started before it is ended again. */
export async function startServer(
  options: ServerOptions,
  terminal: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  report: (line: string) => void,
): Promise<RunningServer> {
  const started: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const end of started.splice(0).reverse()) await end()
  }
  try {
    return { status: await start(options, terminal, report, started), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function start(
  options: ServerOptions,
  terminal: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  report: (line: string) => void,
  started: (() => Promise<void> | void)[],
): Promise<Status> {
  const loaded = loadManifestOf(options.folder, process.env)
  const folders = openFolders(options.folder)
  const trouble = (cause: unknown): void => report(String(cause instanceof Error ? cause.message : cause))

  // What is kept: the vault first, for everything else is sealed by it.
  const vault = await openVault({ folder: folders.keys, random: randomBytes })
  const origin = `sallyport.local/${loaded.app.name}`
  const signer = await openLedgerSigner(vault, origin)
  const ledger = await openLedger({
    folder: folders.ledger,
    clock: nowMs,
    sha256: nodeSha256,
    signer,
    origin,
    onTrouble: trouble,
  })
  started.push(() => ledger.close())
  const store = openStore({ file: folders.store, vault, nowSeconds })
  started.push(() => store.close())
  const output = openOutputLog(folders.output)
  started.push(() => output.close())

  // Only what administrative state is made of is kept in memory.
  const past: LedgerRecord[] = []
  for await (const { record } of readLedger(folders.ledger)) {
    if (record.kind === 'elevation' || record.kind === 'revocation') past.push(record)
  }
  const administration = openAdministration({
    append: ledger.append,
    ruleOf: (role) => jitOf(force.app, role),
    powersOf: (role) => digestOf(accessOf(force.app).filter((line) => line.startsWith(`${role} `))),
    clock: { nowMs, monotonicMs: () => performance.now() },
    newId,
    past,
    grantLifetimeMs: 15 * 60_000,
  })
  const sweep = setInterval(() => void administration.sweep().catch(trouble), 1000).unref()
  started.push(() => clearInterval(sweep))

  // Certificates, and the provider that people sign in at.
  const gatewayAuthority = await openAuthority({
    kind: 'gateway',
    app: loaded.app.name,
    permittedNames: ['localhost', '127.0.0.1'],
    keeper: vault,
    nowMs,
  })
  const caFile = join(folders.certificates, 'gateway-ca.pem')
  writePrivate(caFile, gatewayAuthority.caPem)
  const leaf = await gatewayAuthority.leafFor(['localhost', '127.0.0.1'])
  const users = createUserStore(store)
  await provision(loaded.app)
  const provider = await startIdentityProvider({
    issuerUrl: `https://localhost:${options.issuerPort}`,
    tls: leaf,
    host: '127.0.0.1',
    port: options.issuerPort,
    users,
    sealedStore: store,
    nowSeconds,
    random: randomBytes,
    audience: audienceOf(loaded.app),
    app: loaded.app.name,
    report: async (event) => {
      const { message: _forTheOperator, ...facts } = event
      await ledger.append({ kind: 'sign-in', at: nowMs(), ...facts }, 'written')
    },
  }).catch((cause: unknown) => {
    throw explainListenFailure(cause, options.issuerPort, '--issuer-port')
  })
  started.push(() => provider.close())

  // The manifest comes into force.
  let force = await forceOf(loaded, 'first')
  async function forceOf({ app, compiled }: { app: App; compiled: CompiledApp }, when: 'first' | 'reload'): Promise<Force> {
    const change = compareAccess(store.get('configuration', 'accepted'), app)
    await agreeToBroadening(change, when === 'reload' && options.broadening === 'ask' ? 'refuse' : options.broadening, terminal)
    const record: ConfigurationRecord = {
      kind: 'configuration',
      at: nowMs(),
      digest: app.digest,
      ...(change.previous === undefined ? {} : { previous: change.previous }),
      author: `uid ${process.getuid?.() ?? 0}`,
      broadens: change.broadens,
      accessDiff: change.lines,
    }
    await ledger.append(record, 'synced')
    store.put('configuration', 'accepted', change.accepted)
    return {
      app,
      compiled,
      verifier: createVerifier({ issuers: issuersOf(app, provider), nowSeconds, skewSeconds: 60, sha256: nodeSha256 }),
      countryOf: compileLocations(app.locations),
      bodyChecks: new Map(
        app.functions
          .flatMap(({ routes }) => routes)
          .filter(({ bodySchema }) => bodySchema !== undefined)
          .map((route) => [route.arn, compileBodyCheck(route.bodySchema)]),
      ),
    }
  }
  async function provision(app: App): Promise<void> {
    const embedded = app.issuers.find((issuer) => issuer.kind === 'embedded')
    const wanted = Object.fromEntries((embedded?.users ?? []).map(({ name, roles }) => [name, roles]))
    const made = await provisionUsers(users, wanted, { random: randomBytes, app: app.name })
    const known: unknown = JSON.parse(readIfPresent(folders.signIn) ?? '{"users":{}}')
    const all = { ...(known as { users: object }).users, ...made } // our own file, 0600
    writePrivate(folders.signIn, `${JSON.stringify({ users: all }, null, 2)}\n`)
  }

  // The steps that all three doors share.
  const decide = (asked: readonly [AccessRequest, ...AccessRequest[]]): Decision =>
    explain(decideByPolicy(force.compiled.authority, asked), force.compiled, force.app)
  const recorder = (door: DecisionRecord['door']) => (decision: Decision) =>
    ledger.record(
      decisionRecord(decision, {
        door,
        at: nowMs(),
        durability: durabilityOf(decision),
        manifest: force.app.digest,
        isolation: isolation(),
      }),
    )
  const settle = (grant: Grant, outcome: Promise<Outcome>): void => {
    const startedAt = nowMs()
    void outcome
      .then((known) => ledger.append(outcomeRecord(grant, known, startedAt), 'written'))
      .catch(trouble)
  }
  const identify = (credentials: readonly string[]): Promise<Subject> =>
    authenticateBearer(force.verifier, credentials, force.app.name)
  const shared = {
    identify,
    elevatedRoles: administration.elevatedRoles,
    decide,
    admit: administration.admit,
    isCurrent: administration.isCurrent,
    settle,
    newId,
    nowMs,
  }

  // The way out, and the boxes.
  const interception = await openAuthority({
    kind: 'interception',
    app: loaded.app.name,
    permittedNames: doorHosts(loaded.app),
    keeper: vault,
    nowMs,
  })
  const tables = await startDynalite({ path: folders.tables, tables: loaded.app.tables.filter(({ endpoint }) => !endpoint) })
  started.push(() => tables.close())
  const egress = createEgress({
    ...shared,
    app: () => force.app,
    record: ledger.record,
    append: (record) => void ledger.append(record, 'written').catch(trouble),
    useSecret: vault.useSecret,
    invokeFunction: (call) => {
      const id = newId()
      const { eventFor, ...invocation } = call
      const affinity = call.user === undefined ? '' : affinityOf(call.user)
      return invoke({ ...invocation, id, affinity, event: eventFor(id) })
    },
    tableEndpoint: (table) => table.endpoint ?? tables.endpoint,
    upstreamCredentials: tableCredentials(vault.useSecret),
    interception,
    isolation: 'box (hard)',
    clock: nowMs,
    random: randomBytes,
    log: output.write,
  })
  started.push(() => egress.close())
  const engine: Engine = await createBoxEngine({
    runtimeDir: runtimeFolderFor(folders.state),
    execPath: process.execPath,
    attachExits: egress.attachExits,
    boxExtras: egress.boxExtras,
    onOutput: output.write,
    onEvent: (event) => output.write(platformLine(event)),
    clock: nowMs,
    random: randomBytes,
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  })
  started.push(() => engine.close())
  // Whatever door it came by, a function that fails says so in its own log.
  const invoke = async (invocation: Invocation): Promise<InvocationResult> => {
    const result = await engine.invoke(invocation)
    if (result.kind === 'error') output.write(failureLine(invocation, result))
    return result
  }
  const isolation = (): string => `box (${engine.strength})${options.inspect === undefined ? '' : ' debug'}`
  await engine.deploy(await buildFunctions(force.app, runtimeFolderFor(folders.state), report))

  // The way in.
  const limiter = createLimiter(nowMs)
  const gateway = await startGateway({
    port: options.port,
    ...(options.plainHttp ? {} : { tls: leaf }),
    gate: ingressGate({
      ...shared,
      app: force.app.name,
      countryOf: (address) => force.countryOf(address),
      record: recorder('ingress'),
      invoke,
      bodyCheck: (route) => force.bodyChecks.get(route),
      timeoutMs: (name) => force.app.functions.find((declared) => declared.name === name)?.timeoutMs ?? 0,
      limiter,
    }),
    route: (method, path) => destinationOf(force.app, method, path),
    mayKnock: (address) => limiter(`knock ${address}`, knocks) === 0,
    onFailure: trouble,
    nowMs,
  }).catch((cause: unknown) => {
    throw explainListenFailure(cause, options.port, '--port')
  })
  started.push(() => gateway.close())

  const status: Status = {
    app: force.app.name,
    pid: process.pid,
    gateway: gateway.url,
    issuer: provider.issuerUrl,
    caFile,
    isolation: engine.description,
    ledger: 'self-attested',
    ...(options.inspect === undefined ? {} : { debug: options.inspect }),
    ...foundWords(ledger),
  }
  const api = await startApi({
    socketPath: folders.socket,
    token: announceApi(folders),
    verbs: administrativeVerbs({
      app: () => force.app,
      elevation: administration.find,
      requestElevation: administration.request,
      approveElevation: administration.approve,
      setSecret: async (name, value) => void (await vault.setSecret(name, value)),
      invokeDirectly,
    }),
    gate: administrationGate({ ...shared, record: recorder('administration') }),
    reads: {
      status: () => status,
      elevation: () => ({ requests: administration.list() }),
      logs: output.recent,
      follow: output.follow,
    },
    onFailure: trouble,
  })
  started.push(() => api.close())

  function invokeDirectly(
    functionName: string,
    event: Uint8Array,
    user: Subject,
    grant: Grant,
  ): Promise<InvocationResult> {
    const timeoutMs = force.app.functions.find(({ name }) => name === functionName)?.timeoutMs ?? 0
    const [{ id: decision, transaction }] = grant.decision.asked
    const deadline = Math.min(grant.expiresAt, nowMs() + timeoutMs)
    const affinity = affinityOf(user)
    return invoke({ id: newId(), transaction, decision, functionName, user, actors: [], deadline, grant, event, affinity })
  }

  if (options.mode === 'dev') {
    const reload = async (): Promise<void> => {
      const next = loadManifestOf(options.folder, process.env)
      await provision(next.app)
      force = await forceOf(next, 'reload')
      await engine.deploy(await buildFunctions(next.app, runtimeFolderFor(folders.state), report))
      report(`reloaded ${next.app.digest.slice(0, 12)}`)
    }
    let reloading: Promise<void> = Promise.resolve()
    started.push(watchFolder(options.folder, () => void (reloading = reloading.then(reload).catch(trouble))))
  }
  await ledger.append({ kind: 'lifecycle', at: nowMs(), event: 'start', detail: `${options.mode} ${isolation()}` }, 'synced')
  started.push(async () => {
    await ledger.append({ kind: 'lifecycle', at: nowMs(), event: 'stop', detail: options.mode }, 'synced').catch(trouble)
  })
  return status
}

function jitOf(app: App, role: string): { maxMs: number; approvers: readonly string[] } | undefined {
  return app.people.find(({ name }) => name === role)?.jit
}

function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

function doorHosts(app: App): readonly string[] {
  return [...new Set(app.doors.map(({ to }) => new URL(to).hostname))]
}

function destinationOf(app: App, method: string, path: string): Destination | undefined {
  const match = matchRoute(app, method, path)
  if (match.kind === 'refused') return undefined
  const { name: functionName, arn: functionArn, zone } = match.functionDeclaration
  return { functionName, functionArn, zone, route: match.route, parameters: match.parameters }
}

/** An outcome as the ledger keeps it, timed from the moment the grant was used. */
function outcomeRecord(grant: Grant, { outcome, status, detail, tls }: Outcome, startedAt: number): OutcomeRecord {
  return {
    kind: 'outcome',
    at: nowMs(),
    decision: grant.decision.id,
    transaction: grant.decision.asked[0].transaction,
    outcome,
    durationMs: nowMs() - startedAt,
    ...(status === undefined ? {} : { status }),
    ...(detail === undefined ? {} : { detail }),
    ...(tls === undefined ? {} : { tls }),
  }
}

function platformLine(event: BoxEvent): OutputLine {
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

function failureLine(invocation: Invocation, { code, message }: { code: string; message: string }): OutputLine {
  const { functionName, transaction, id } = invocation
  return { at: nowMs(), functionName, boxId: '', transaction, invocation: id, stream: 'platform', text: `${code}: ${message}` }
}

function foundWords({ recovery }: Ledger): { found?: string } {
  const { truncatedBytes, unsettled } = recovery
  if (truncatedBytes === 0 && unsettled.length === 0) return {}
  return { found: `cut ${truncatedBytes} bytes of a torn write; ${unsettled.length} decisions have an unknown outcome` }
}
