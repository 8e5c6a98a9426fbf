import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { commandLine, SallyportError } from '@sallyport/core/access'

import { isRecord } from '../../local-api.ts'
import type { HereEngine } from './attacked-engines.ts'
import { type AppApart, openAppApart } from './app-apart.ts'
import { type Canaries, openCanaries } from './canaries.ts'
import { canaryFor } from './canary.ts'
import { type ClientAnswer, send } from './client.ts'
import { withClosing } from './closing.ts'
import { chooseEdge, type Edge } from './edge.ts'
import { type FixtureIssuer, makeFixtureIssuer } from './fixture-issuer.ts'
import type { Instruction, Outcome } from '../hostile-app/src/instruction.ts'
import type { Canary } from '../hostile-app/src/probes.ts'
import { command, findRunningApp, type RunningApp, startApp } from './running-app.ts'
import { type BoundTokens, boundTokens, tokens, type Tokens } from './tokens.ts'
import { openUpstream, type Upstream } from './upstream.ts'

/** Everything that an attack may use. */
export interface World {
  /** The app that is attacked from outside: a route of it, and somebody who may call it. */
  readonly edge: Edge
  /** The app whose functions do what they are told; attacks from inside happen there. */
  readonly hostile: RunningApp
  readonly canaries: Canaries
  /** The far side of the hostile app's door. */
  readonly upstream: Upstream
  readonly fixture: FixtureIssuer
  /** The key that the hostile app's door adds. */
  readonly stripeKey: string
  readonly nowMs: () => number
  /** Aborted when somebody interrupts: then no further attack is made. */
  readonly interrupted: AbortSignal
  /** What probes of others are told of the host. */
  readonly canary: Canary
  /** An access token from an app's own issuer. */
  readonly token: Tokens
  /** The same, with both factors and the device, and bound to a key: for administration, and where that is as good. */
  readonly bound: BoundTokens
  /** One request to the hostile app's gateway. */
  request(asked: Parameters<typeof send>[1]): Promise<ClientAnswer>
  /** Has hostile code inside a function do this, on behalf of a customer. */
  inside(functionName: FunctionName, instruction: Instruction, user?: string): Promise<Outcome>
  /** The same, on behalf of an administrator with both factors; elevated, if the attack saw to it. */
  insideForAdmin(functionName: FunctionName, instruction: Instruction, user: string): Promise<Outcome>
  /** Has the same code do the same without a box around it. */
  outside(instruction: Instruction): Promise<Outcome>
  /** A server apart from the others, for attacks that end it; started for the first that asks. */
  apart(): Promise<AppApart>
  /** The line that code left behind with this tag, once it is printed. */
  printed(tag: string, withinMs: number): Promise<Outcome | undefined>
}

/** The hostile app's functions, from the edge inwards. */
export type FunctionName = 'storefront' | 'orders' | 'payments'

/** Probes of others, as far as the app that runs them knows. */
export interface AddedProbes {
  /** Puts them into a copy of the hostile app, so that its functions can run them. */
  addTo(app: string): Promise<void>
}

/** How the hostile app is laid out. */
export interface HostileOptions {
  /** The engine that runs its functions. */
  readonly engine: HereEngine
  readonly probes?: AddedProbes
}

/** Starts what is missing for an attack on the app in `folder`, runs `use`, and stops what it started. */
export async function withWorld<Result>(
  folder: string,
  { engine, probes }: HostileOptions,
  nowMs: () => number,
  use: (world: World) => Promise<Result>,
): Promise<Result> {
  return withClosing(async (closing, interrupted) => {
    const canaries = await openCanaries({ tcpPort: 0, nowMs: nowMs() })
    closing(() => canaries.close())
    const upstream = await openUpstream()
    closing(() => upstream.close())
    const fixture = makeFixtureIssuer(nowMs)
    const copy = await mkdtemp(join(tmpdir(), 'sallyport-attack-'))
    closing(() => rm(copy, { recursive: true, force: true }))
    await cp(join(import.meta.dirname, '../hostile-app'), copy, { recursive: true })
    await writeFile(join(copy, 'fixture.jwks.json'), fixture.jwks)
    await writeFile(join(copy, 'canary.pem'), canaries.ca)
    if (engine !== 'box') await runIn(engine, join(copy, 'sallyport.yaml'))
    if (engine === 'workerd') await installWorkerd(folder, copy)
    await probes?.addTo(copy)
    const canary = await canaryFor(canaries, copy)
    const silent = (): void => undefined
    const ports = { port: 0, issuerPort: 0, write: silent }
    const hostile = await startApp({ ...ports, closing, folder: copy, environment: { STRIPE_UPSTREAM: upstream.url } })
    const target = (await findRunningApp(folder)) ?? (await startApp({ ...ports, closing, folder, environment: {} }))
    const [token, bound] = [tokens(), boundTokens()]
    const stripeKey = `sk_test_fake_${randomBytes(12).toString('hex')}`
    await setSecret(hostile, 'stripe-key', stripeKey)
    let apart: Promise<AppApart> | undefined
    const openApart = async (): Promise<AppApart> => {
      const own = await mkdtemp(join(tmpdir(), 'sallyport-attack-'))
      closing(() => rm(own, { recursive: true, force: true }))
      return openAppApart(own, token, outcomeIn, closing)
    }
    const base = { interrupted, canaries, canary, upstream, fixture, hostile, stripeKey, nowMs, token, bound }
    return await use({
      ...base,
      edge: await chooseEdge(target, hostile, token),
      request: (asked) => send(hostile, asked),
      inside: async (functionName, instruction, user = 'alice') => {
        const body = JSON.stringify(route(functionName, instruction))
        const answer = await send(hostile, { path: '/do', body, token: await token(hostile, user) })
        return outcomeIn(answer)
      },
      insideForAdmin: async (functionName, instruction, user) => {
        const body = JSON.stringify(route(functionName, instruction))
        return outcomeIn(await send(hostile, { path: '/refund', body, token: await bound(hostile, user) }))
      },
      outside: (instruction) => outside(instruction, copy),
      apart: () => (apart ??= openApart()),
      printed: (tag, withinMs) => printed(hostile, tag, withinMs),
    })
  })
}

/** Puts a secret into a vault as an administrator would. */
export async function setSecret(app: RunningApp, name: string, value: string): Promise<void> {
  const { exitCode, stderr } = await command(['secret', 'set', name, '--as', 'ada', '--app', app.folder], value)
  if (exitCode === 0) return
  throw new SallyportError('attack.secret', `sallyport secret set ${name} ended with ${exitCode}: ${stderr}`)
}

/** The way in: every function deeper than the storefront is reached through those that may call it. */
function route(functionName: FunctionName, next: Instruction): Instruction {
  if (functionName === 'storefront') return next
  if (functionName === 'orders') return { do: 'relay', to: 'orders/work', next }
  return { do: 'relay', to: 'orders/work', next: { do: 'relay', to: 'payments/work', next } }
}

function outcomeIn(answer: ClientAnswer): Outcome {
  const value: unknown = answer.status === 200 ? JSON.parse(answer.text) : undefined
  if (isOutcome(value)) return value
  return { got: false, code: answer.code ?? `HTTP ${answer.status}`, evidence: answer.text.slice(0, 200) }
}

/** Every function of a manifest in another engine; what it says besides stays as it is. */
async function runIn(engine: HereEngine, manifest: string): Promise<void> {
  const text = await readFile(manifest, 'utf8')
  const code = engine === 'workerd' ? 'src/hostile-worker.ts' : 'src/hostile.ts'
  await writeFile(manifest, text.replaceAll('    code: src/hostile.ts\n', `    code: ${code}\n    engine: ${engine}\n`))
}

/** The hostile app has the workerd of the app that is attacked, or of a folder around it. */
async function installWorkerd(folder: string, copy: string): Promise<void> {
  const name = `@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}/bin`
  for (let at = resolve(folder); ; at = dirname(at)) {
    const from = join(at, 'node_modules', name)
    if (existsSync(from)) return cp(from, join(copy, 'node_modules', name), { recursive: true, dereference: true })
    if (at !== dirname(at)) continue
    throw new SallyportError('host.engine_missing', `${folder} has not installed workerd`, {
      fix: commandLine('npm', 'install', '--prefix', folder, '--save-exact', 'workerd'),
    })
  }
}

async function outside(instruction: Instruction, copy: string): Promise<Outcome> {
  const script = join(copy, 'src/outside.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(instruction)], {
    // What a process without a box has around it: a word in its environment that a thief would look for.
    env: { NODE_EXTRA_CA_CERTS: join(copy, 'canary.pem'), PAYMENT_KEY: 'sk_test_fake_in_the_environment' },
    timeout: 15_000,
    maxBuffer: 64 * 1024 * 1024, // a flood of output is one of the controls
  })
  const value: unknown = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{"got"')) ?? 'null')
  if (isOutcome(value)) return value
  throw new SallyportError('attack.control', `the control printed no outcome: ${stdout.slice(0, 200)}`)
}

async function printed(app: RunningApp, tag: string, withinMs: number): Promise<Outcome | undefined> {
  for (const until = performance.now() + withinMs; performance.now() < until; await sleep(100)) {
    for await (const line of app.api.lines('/v1/logs')) {
      const output: unknown = line === '' ? undefined : JSON.parse(line)
      const text = isRecord(output) ? String(output['text']) : ''
      if (!text.startsWith(`{"tag":"${tag}"`)) continue
      const value: unknown = JSON.parse(text)
      if (isOutcome(value)) return value
    }
  }
  return undefined
}

/** Parse boundary: hostile code printed it. */
function isOutcome(value: unknown): value is Outcome {
  if (!isRecord(value)) return false
  return typeof value['got'] === 'boolean' && typeof value['code'] === 'string' && typeof value['evidence'] === 'string'
}
