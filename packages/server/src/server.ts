import { randomBytes } from 'node:crypto'

import type { Decision, DecisionRecord } from '@sallyport/core/access'
import { decisionRecord } from '@sallyport/core/enforcement'
import { setSecretFix } from '@sallyport/manifest'

import { administrationGate, administrativeVerbs, startApi } from './api/index.ts'
import { challengeOf } from './challenge.ts'
import { destinationOf, directInvocation } from './calls.ts'
import { createEgress, openTables } from './egress/index.ts'
import { elevationActs, elevationsOf, roleRules } from './elevation.ts'
import type { FirstAdministrator } from './first-administrator.ts'
import { type Force, putIntoForce } from './force.ts'
import { affinityOf, createKnocks, createLimiter, ingressGate, startGateway } from './gateway/index.ts'
import { isolationIn, isolationOfBoxes, openEngines } from './engines.ts'
import { type Deployed, type Invocation, type InvocationResult, runtimeFolderFor } from './host/index.ts'
import { guestsInForce } from './guests-in-force.ts'
import { openInService } from './in-service.ts'
import { openInterception, renewEveryMs } from './interception.ts'
import { foundWords, keepSweeping, openKeptState } from './kept-state.ts'
import {
  buildFunctions,
  openRecording,
  loadManifestOf,
  reloadOnChange,
  tableCredentials,
  type Terminal,
} from './app/index.ts'
import {
  announceApi,
  closeAll,
  durabilityOf,
  type Ending,
  failureLine,
  keepDescriptors,
  newId,
  nowMs,
  openFolders,
  platformLine,
  refusedLine,
  recordLifecycle,
} from './operation/index.ts'
import { gatewayAddress, keepCertificates, openOutsideCertificate, tryGateway } from './outside-certificate.ts'
import { openPeople } from './people.ts'
import { describeFailure, explainListenFailure, modeOf, type ServerOptions, startCommand } from './start/index.ts'
import type { Status } from './status.ts'
import { sharedSteps } from './shared-steps.ts'
import { openListening } from './signals.ts'
import { exchangeOf } from './token-exchange.ts'
import { openWorkloads } from './workloads.ts'

/** A server that is up. */
export interface RunningServer {
  readonly status: Status
  /** Holds a link while there is no administrator: for the terminal, and for nothing that keeps what it shows. */
  readonly firstAdministrator: FirstAdministrator
  /** Ends everything that was started, in reverse order. */
  close(): Promise<void>
}

/** Starts an app. Whatever fails, everything that was started before it is ended again. */
export async function startServer(
  options: ServerOptions,
  terminal: Terminal & { readonly isPresent: boolean },
  report: (line: string) => void,
): Promise<RunningServer> {
  const started: Ending[] = []
  const close = (): Promise<void> => closeAll(started, (cause) => report(describeFailure(cause)))
  try {
    return { ...(await start(options, terminal, report, started)), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** The one place where the rooms meet. */
async function start(
  options: ServerOptions,
  terminal: Terminal & { readonly isPresent: boolean },
  report: (line: string) => void,
  started: Ending[],
): Promise<Omit<RunningServer, 'close'>> {
  const loaded = await loadManifestOf(options.folder, process.env, report)
  const guests = guestsInForce(loaded.guests, started)
  const folders = openFolders(options.folder)
  const runtimeDir = runtimeFolderFor(folders.state)
  const trouble = (cause: unknown): void => report(describeFailure(cause))
  let force: Force

  const roles = roleRules(
    () => force.app,
    () => people,
  )
  const kept = await openKeptState(folders, loaded.app.name, roles, trouble, started)
  const { administration, ledger, output, vault } = kept
  const taken = (cause: unknown): never => {
    throw explainListenFailure(cause, options.port, (port) => startCommand(options, { port }))
  }
  await tryGateway(options).catch(taken)
  const outside = options.outside && (await openOutsideCertificate(options.outside, kept.store, nowMs))
  const people = await openPeople(loaded.app, folders, kept, options, started)
  const workloads = await openWorkloads(loaded.app, kept, folders, trouble, started)
  force = await putIntoForce(loaded, kept, people.provider, workloads, options, terminal, trouble)
  keepSweeping(administration, trouble, started)

  const shared = sharedSteps(() => force, kept, guests.ask, trouble)
  // Every record says how strongly what it lets run is kept apart; until the engines are there nothing runs.
  let isolationOf = (_functionName: string): string => isolation
  const keep: typeof ledger.record = (one) => ledger.record({ ...one, isolation: isolationIn(one, isolationOf) })
  const recorderAt = (door: DecisionRecord['door']) => (decision: Decision) => {
    if (decision.effect === 'deny') output.write(refusedLine(decision))
    const durability = durabilityOf(decision)
    const manifest = force.app.digest
    return keep(decisionRecord(decision, { door, at: nowMs(), durability, manifest, isolation }))
  }

  // The way out, and the boxes.
  const descriptors = keepDescriptors(trouble, nowMs)
  const limiter = createLimiter(nowMs, kept.limits)
  const interception = await openInterception(loaded.app, vault, options.learn === true)
  const tables = await openTables({
    path: folders.tables,
    tables: loaded.app.tables.filter(({ endpoint }) => endpoint === undefined),
    onFailure: trouble,
  })
  started.push(() => tables.close())
  const isolation = isolationOfBoxes(options)
  const egress = createEgress({
    ...shared,
    app: () => force.app,
    record: keep,
    append: (record) => void ledger.append(record, 'written').catch(trouble),
    useSecret: vault.useSecret,
    hasSecret: vault.hasSecret,
    limiter,
    ...workloads.identity,
    rootsOf: (trustDomain) => force.services.rootsOf(trustDomain),
    invokeFunction: ({ eventFor, ...call }) => {
      const id = newId()
      const affinity = call.user === undefined ? '' : affinityOf(call.user)
      return invoke({ ...call, id, affinity, event: eventFor(id) })
    },
    askTables: tables.ask,
    upstreamCredentials: tableCredentials(vault.useSecret, (name) => setSecretFix(force.app, name)),
    mayOpen: () => descriptors.mayOpen('box'),
    interception,
    isolation,
    clock: nowMs,
    random: randomBytes,
    log: output.write,
    ...(options.learn === true ? { learn: openRecording(folders.learned, trouble) } : {}),
  })
  started.push(() => egress.close())
  const engines = await openEngines(
    {
      app: () => force.app,
      box: {
        runtimeDir,
        execPath: process.execPath,
        attachExits: egress.attachExits,
        boxExtras: egress.boxExtras,
        caPem: () => interception.caPem,
        onOutput: output.write,
        onEvent: (event) => output.write(platformLine(event)),
        ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
      },
      signTicket: workloads.signTicket,
      useSecret: vault.useSecret,
      mayOpen: () => descriptors.mayOpen('box'),
    },
    started,
  )
  isolationOf = (name) => {
    const said = engines.isolationOf(name)
    return said === 'box (hard)' ? isolation : said
  }
  // Whatever door it came by, a function that fails says so in its own log.
  async function invoke(invocation: Invocation): Promise<InvocationResult> {
    const result = await engines.invoke(invocation)
    if (result.kind === 'error') output.write(failureLine(invocation, result))
    return result
  }
  const build = (): Promise<readonly Deployed[]> => buildFunctions(force.app, runtimeDir, report, terminal.stop)
  const { deploy, ...quarantine } = openInService({
    engines,
    administration,
    build,
    equip: (one) => ('elsewhere' in one ? one : { ...one, trust: interception.trust }),
  })
  await deploy(await build())
  const renewal = setInterval(() => {
    void interception
      .renew(force.app)
      .then(async () => deploy(await build()))
      .catch(trouble)
  }, renewEveryMs).unref()
  started.push(() => clearInterval(renewal))

  // The way in.
  const timeoutOf = (wanted: string): number => force.app.functions.find(({ name }) => name === wanted)?.timeoutMs ?? 0
  const listening = openListening(force.app, {
    ...shared,
    record: recorderAt('administration'),
    kept,
    provider: people.provider,
    loopback: options.mode === 'dev',
    trouble,
  })
  started.push(listening.close)
  const exchange = exchangeOf(() => force, workloads, kept, { ...shared, record: recorderAt('ingress') })
  const gateway = await startGateway({
    port: options.port,
    ...gatewayAddress(options, outside, people.leaf),
    node: workloads.node,
    gate: ingressGate({
      ...shared,
      dpopNonce: kept.proofs.nextNonce,
      identifyService: (certificates) => force.services.byCertificate(certificates),
      identifySigner: (request) => force.services.bySignature?.(request),
      deviceOf: (subject, shown) => force.deviceOf(subject, shown),
      app: force.app.name,
      countryOf: (address) => force.countryOf(address),
      record: recorderAt('ingress'),
      invoke,
      bodyCheck: (route) => force.bodyChecks.get(route),
      timeoutMs: timeoutOf,
      limiter,
    }),
    own: (method, path) => exchange(method, path) ?? listening.own(method, path),
    route: (method, path) => destinationOf(force.app, method, path),
    published: workloads.document,
    mayConnect: () => descriptors.mayOpen('client'),
    mayKnock: createKnocks(nowMs),
    onFailure: trouble,
    nowMs,
  }).catch(taken)
  started.push(() => gateway.close())
  started.push(keepCertificates(people, outside, gateway, trouble))

  const status: Status = {
    app: force.app.name,
    pid: process.pid,
    gateway: gateway.url,
    issuer: people.provider.issuerUrl,
    caFile: people.caFile,
    isolation: engines.description(),
    ledger: 'self-attested',
    ...(options.inspect === undefined ? {} : { debug: options.inspect }),
    ...(options.learn === true ? { learn: folders.learned } : {}),
    ...foundWords(ledger),
  }
  const api = await startApi({
    socketPath: folders.socket,
    token: announceApi(folders),
    verbs: administrativeVerbs({
      app: () => force.app,
      ...elevationActs(() => force.app, administration, people.linked),
      ...people.acts,
      ...quarantine,
      signals: () => ({ streams: kept.standing.streams(), people: kept.standing.people() }),
      setSecret: vault.setSecret,
      invokeDirectly: (functionName, event, user, grant, onStream) =>
        invoke({ ...directInvocation(functionName, event, user, grant, timeoutOf(functionName)), onStream }),
    }),
    gate: administrationGate({
      ...shared,
      identify: (evidence) => force.authenticateOperator(evidence),
      record: recorderAt('administration'),
      challenge: (code, decision) => challengeOf(force.app, code, decision),
    }),
    nextNonce: kept.proofs.nextNonce,
    reads: {
      status: () => ({ ...status, isolation: engines.description() }), // a reload may bring another engine
      elevation: () => elevationsOf(administration, roles),
      logs: output.recent,
      follow: output.follow,
    },
    onFailure: trouble,
  })
  started.push(() => api.close())

  if (options.mode === 'dev') {
    const reload = async (): Promise<void> => {
      const next = guests.offer(await loadManifestOf(options.folder, process.env, report))
      const images = await buildFunctions(next.app, runtimeDir, report, terminal.stop)
      const broadening = options.broadening === 'allow' ? 'allow' : 'refuse'
      force = await putIntoForce(next, kept, people.provider, workloads, { ...options, broadening }, terminal, trouble)
      guests.takeOffered()
      await people.provision(next.app)
      listening.listenTo(next.app)
      await interception.renew(next.app)
      await deploy(images)
      report(`reloaded ${next.app.digest.slice(0, 12)}`)
    }
    started.push(reloadOnChange(options.folder, reload, trouble))
  }
  await recordLifecycle((record) => ledger.append(record, 'synced'), `${modeOf(options)}, ${isolation}`, started)
  return { status, firstAdministrator: await people.firstAdministrator(force.app, terminal.isPresent) }
}
