import { createHash, randomBytes } from 'node:crypto'

import type { AccessRequest, Allow, Decision, DecisionRecord, Grant, Receipt, Subject } from '@sallyport/core/access'
import { decisionRecord, type Outcome } from '@sallyport/core/enforcement'
import { authenticateBearer } from '@sallyport/core/identity'
import { decide as decideByPolicy } from '@sallyport/core/policy'
import { accessOf, type App, explain, matchRoute } from '@sallyport/manifest'

import { administrationGate, administrativeVerbs, startApi } from './api/index.ts'
import { createEgress, startDynalite } from './egress/index.ts'
import { type Force, putIntoForce } from './force.ts'
import { affinityOf, createLimiter, type Destination, ingressGate, startGateway } from './gateway/index.ts'
import { createBoxEngine, type Engine, type FunctionImage, type Invocation, type InvocationResult, runtimeFolderFor } from './host/index.ts'
import { openInterception } from './interception.ts'
import { openKeptState } from './kept-state.ts'
import type { Ledger } from './ledger/index.ts'
import {
  announceApi,
  buildFunctions,
  describeFailure,
  durabilityOf,
  explainListenFailure,
  failureLine,
  loadManifestOf,
  newId,
  nowMs,
  openFolders,
  outcomeRecord,
  platformLine,
  type ServerOptions,
  tableCredentials,
  type Terminal,
  watchFolder,
} from './operation/index.ts'
import { openPeople } from './people.ts'

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

/** How often the authority of the doors is looked at; it lives seven days and is replaced in its last third. */
const renewEveryMs = 12 * 3_600_000
const knocks = { calls: 400, perMs: 1000 }

/** Starts an app. Whatever fails, everything that was started before it is ended again. */
export async function startServer(
  options: ServerOptions,
  terminal: Terminal,
  report: (line: string) => void,
): Promise<RunningServer> {
  const started: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end()
  }
  try {
    return { status: await start(options, terminal, report, started), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** The one place where the rooms meet. */
async function start(
  options: ServerOptions,
  terminal: Terminal,
  report: (line: string) => void,
  started: (() => Promise<void> | void)[],
): Promise<Status> {
  const loaded = loadManifestOf(options.folder, process.env)
  const folders = openFolders(options.folder)
  const runtimeDir = runtimeFolderFor(folders.state)
  const trouble = (cause: unknown): void => report(describeFailure(cause))
  let force: Force

  const roles = { ruleOf: (role: string) => jitOf(force.app, role), powersOf: (role: string) => powersOf(force.app, role) }
  const kept = await openKeptState(folders, loaded.app.name, roles, trouble, started)
  const { administration, ledger, output, vault } = kept
  const people = await openPeople(loaded.app, folders, kept, options.issuerPort, started)
  force = await putIntoForce(loaded, kept, people.provider, options.broadening, terminal)

  // The steps that all three doors share.
  const admittedAt = new WeakMap<Grant, number>()
  const shared = {
    identify: (credentials: readonly string[]) => authenticateBearer(force.verifier, credentials, force.app.name),
    elevatedRoles: administration.elevatedRoles,
    decide: (asked: readonly [AccessRequest, ...AccessRequest[]]): Decision =>
      explain(decideByPolicy(force.compiled.authority, asked), force.compiled, force.app),
    admit: (decision: Allow, receipt: Receipt): Grant => {
      const grant = administration.admit(decision, receipt)
      admittedAt.set(grant, nowMs())
      return grant
    },
    isCurrent: administration.isCurrent,
    settle: (grant: Grant, outcome: Promise<Outcome>): void => {
      const startedAt = admittedAt.get(grant) ?? nowMs()
      void outcome.then((known) => ledger.append(outcomeRecord(grant, known, startedAt), 'written')).catch(trouble)
    },
    newId,
    nowMs,
  }
  const recorderAt = (door: DecisionRecord['door']) => (decision: Decision) =>
    ledger.record(
      decisionRecord(decision, {
        door,
        at: nowMs(),
        durability: durabilityOf(decision),
        manifest: force.app.digest,
        isolation,
      }),
    )

  // The way out, and the boxes.
  const interception = await openInterception(loaded.app, vault)
  const tables = await startDynalite({
    path: folders.tables,
    tables: loaded.app.tables.filter(({ endpoint }) => endpoint === undefined),
  })
  started.push(() => tables.close())
  const isolation = `box (hard)${options.inspect === undefined ? '' : ', debug'}`
  const egress = createEgress({
    ...shared,
    app: () => force.app,
    record: ledger.record,
    append: (record) => void ledger.append(record, 'written').catch(trouble),
    useSecret: vault.useSecret,
    invokeFunction: ({ eventFor, ...call }) => {
      const id = newId()
      return invoke({ ...call, id, affinity: call.user === undefined ? '' : affinityOf(call.user), event: eventFor(id) })
    },
    tableEndpoint: (table) => table.endpoint ?? tables.endpoint,
    upstreamCredentials: tableCredentials(vault.useSecret),
    interception,
    isolation,
    clock: nowMs,
    random: randomBytes,
    log: output.write,
  })
  started.push(() => egress.close())
  const engine: Engine = await createBoxEngine({
    runtimeDir,
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
  async function invoke(invocation: Invocation): Promise<InvocationResult> {
    const result = await engine.invoke(invocation)
    if (result.kind === 'error') output.write(failureLine(invocation, result))
    return result
  }
  const deploy = async (images: readonly FunctionImage[]): Promise<void> =>
    engine.deploy(images.map((image) => ({ ...image, trust: interception.trust })))
  await deploy(await buildFunctions(force.app, runtimeDir, report))
  const renewal = setInterval(() => {
    void interception.renew(force.app).then(async () => deploy(await buildFunctions(force.app, runtimeDir, report))).catch(trouble)
  }, renewEveryMs).unref()
  started.push(() => clearInterval(renewal))

  // The way in.
  const limiter = createLimiter(nowMs)
  const timeoutOf = (name: string): number => force.app.functions.find((declared) => declared.name === name)?.timeoutMs ?? 0
  const gateway = await startGateway({
    port: options.port,
    ...(options.plainHttp ? {} : { tls: people.leaf }),
    gate: ingressGate({
      ...shared,
      app: force.app.name,
      countryOf: (address) => force.countryOf(address),
      record: recorderAt('ingress'),
      invoke,
      bodyCheck: (route) => force.bodyChecks.get(route),
      timeoutMs: timeoutOf,
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
    issuer: people.provider.issuerUrl,
    caFile: people.caFile,
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
      setSecret: vault.setSecret,
      invokeDirectly: (functionName, event, user, grant) =>
        invoke(directInvocation(functionName, event, user, grant, timeoutOf(functionName))),
    }),
    gate: administrationGate({ ...shared, record: recorderAt('administration') }),
    reads: {
      status: () => status,
      elevation: () => ({ requests: administration.list() }),
      logs: output.recent,
      follow: output.follow,
    },
    onFailure: trouble,
  })
  started.push(() => api.close())

  if (options.mode === 'dev') {
    const reload = async (): Promise<void> => {
      const next = loadManifestOf(options.folder, process.env)
      const images = await buildFunctions(next.app, runtimeDir, report)
      const broadening = options.broadening === 'allow' ? 'allow' : 'refuse'
      force = await putIntoForce(next, kept, people.provider, broadening, terminal)
      await people.provision(next.app)
      await interception.renew(next.app)
      await deploy(images)
      report(`reloaded ${next.app.digest.slice(0, 12)}`)
    }
    let reloading: Promise<void> = Promise.resolve()
    started.push(watchFolder(options.folder, () => void (reloading = reloading.then(reload).catch(trouble))))
  }
  await ledger.append({ kind: 'lifecycle', at: nowMs(), event: 'start', detail: `${options.mode}, ${isolation}` }, 'synced')
  started.push(async () => {
    await ledger.append({ kind: 'lifecycle', at: nowMs(), event: 'stop', detail: options.mode }, 'synced').catch(trouble)
  })
  return status
}

function jitOf(app: App, role: string): { maxMs: number; approvers: readonly string[] } | undefined {
  return app.people.find(({ name }) => name === role)?.jit
}

/** Digest of everything that the manifest says of a role: an approval is for exactly that. */
function powersOf(app: App, role: string): string {
  const lines = accessOf(app).filter((line) => line.startsWith(`${role} `) || line.endsWith(` for ${role}`))
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

function destinationOf(app: App, method: string, path: string): Destination | undefined {
  const match = matchRoute(app, method, path)
  if (match.kind === 'refused') return undefined
  const { name: functionName, arn: functionArn, zone } = match.functionDeclaration
  return { functionName, functionArn, zone, route: match.route, parameters: match.parameters }
}

function directInvocation(
  functionName: string,
  event: Uint8Array,
  user: Subject,
  grant: Grant,
  timeoutMs: number,
): Invocation {
  const [{ id: decision, transaction }] = grant.decision.asked
  const deadline = Math.min(grant.expiresAt, nowMs() + timeoutMs)
  const affinity = affinityOf(user)
  return { id: newId(), transaction, decision, functionName, user, actors: [], deadline, grant, event, affinity }
}

function foundWords({ recovery }: Ledger): { found?: string } {
  const { truncatedBytes, unsettled } = recovery
  if (truncatedBytes === 0 && unsettled.length === 0) return {}
  return { found: `cut ${truncatedBytes} bytes of a torn write; ${unsettled.length} decisions have an unknown outcome` }
}
