import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type ClientAnswer, type ClientRequest, localApi, send, type Status, statusOf } from '@sallyport/cli'
import type { LedgerRecord } from '@sallyport/core/access'

import { type CognitoFixture, createCognitoFixture } from '../../packages/core/src/identity/testing/cognito-issuer.ts'
import { runtimeFolderFor } from '../../packages/server/src/host/index.ts'
import { readLedger } from '../../packages/server/src/ledger/index.ts'
import { type Footprint, footprintOf, leftOf, union } from './footprint.ts'

const top = join(import.meta.dirname, '../..')
const entry = join(top, 'packages/server/src/main.ts')
const startTimeoutMs = 60_000
const stopTimeoutMs = 60_000

/** An app in a folder of its own, which a test may change and break. */
export interface TestApp {
  readonly folder: string
  readonly state: string
  /** The user pool that its manifest trusts. */
  readonly pool: CognitoFixture
  /** A token of that pool for a writer. */
  token(user: string): Promise<string>
  read(file: string): string
  write(file: string, text: string): void
  /** Replaces what must stand in the file exactly once. */
  edit(file: string, from: string, to: string): void
  remove(): void
}

/** Copies the notebook to where nobody else works. */
export async function makeApp(): Promise<TestApp> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-e2e-')))
  cpSync(join(import.meta.dirname, 'notebook'), folder, { recursive: true })
  const nowSeconds = (): number => Math.floor(Date.now() / 1000)
  const pool = await createCognitoFixture({ nowSeconds, userPool: 'eu-central-1_notebook' })
  const state = join(folder, '.sallyport')
  const app: TestApp = {
    folder,
    state,
    pool,
    token: (user) => pool.accessToken(user, ['Writers'], { sub: user }),
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write: (file, text) => writeFileSync(join(folder, file), text),
    edit: (file, from, to) => {
      const parts = app.read(file).split(from)
      if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${from}`)
      app.write(file, parts.join(to))
    },
    remove: () => {
      rmSync(runtimeFolderFor(state), { recursive: true, force: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
  app.write('pool.jwks.json', JSON.stringify(pool.jwks))
  return app
}

/** How a server ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A server process, running or about to say why not. */
export interface TestServer {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
}

/** A server that serves. */
export interface RunningServer extends TestServer {
  readonly pid: number
  readonly status: Status
  /** Path of the local API's socket. */
  readonly apiSocket: string
  send(request: ClientRequest): Promise<ClientAnswer>
  /** Sends the signal once and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

/** What a server is started with. */
export interface StartOptions {
  readonly mode?: 'up' | 'dev'
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** A command that runs the server: `unshare -m …`. */
  readonly inside?: readonly [string, ...string[]]
}

const alive = new Map<ChildProcess, Promise<Ended>>()

/** Ends whatever a test that failed half-way left running. For `after` and `afterEach`. */
export async function endAll(): Promise<void> {
  for (const child of alive.keys()) child.kill('SIGKILL')
  await Promise.allSettled(alive.values())
}
process.on('exit', () => {
  for (const child of alive.keys()) child.kill('SIGKILL')
})

/** Starts a server on ports that are free, and does not wait. */
export function launch(app: Pick<TestApp, 'folder'>, options: StartOptions = {}): TestServer {
  const { mode = 'up', args = [], environment = {}, inside = [] } = options
  const ports = ['--port', '--issuer-port'].flatMap((flag) => (args.includes(flag) ? [] : [flag, '0']))
  const command = [...inside, process.execPath, '-C', 'source', entry, mode, app.folder, ...ports, ...args]
  const [program = process.execPath, ...rest] = command
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      alive.delete(child)
      resolve({ code, signal })
    })
  })
  alive.set(child, ended)
  return { child, ended, stdout: () => stdout, stderr: () => stderr }
}

/** Starts a server and waits until it says that it is ready. */
export async function start(app: Pick<TestApp, 'folder'>, options: StartOptions = {}): Promise<RunningServer> {
  const server = launch(app, options)
  let over = false
  const early = server.ended.then(({ code, signal }) => {
    over = true
    throw new Error(`the server ended (${code ?? signal}):\n${server.stdout()}${server.stderr()}`)
  })
  early.catch(() => undefined) // whoever waits for the end looks at `ended`
  const ready = (): boolean => over || server.stdout().includes('stop with Ctrl-C')
  await Promise.race([until('the banner', ready, startTimeoutMs), early])
  // In a mount namespace of its own its state folder is not where we see one.
  const root = options.inside === undefined ? '' : `/proc/${server.child.pid}/root`
  const status = root === '' ? await statusOf(localApi(app.folder)) : statusIn(server)
  const plain = status.gateway.startsWith('http:')
  const ca = readFileSync(root + status.caFile, 'utf8')
  return {
    ...server,
    pid: status.pid,
    status,
    apiSocket: readFileSync(join(root + app.folder, '.sallyport/api-address'), 'utf8'),
    send: (request) => (plain ? sendPlain(status.gateway, request) : send({ gateway: status.gateway, ca }, request)),
    stop: async (signal = 'SIGTERM') => {
      process.kill(status.pid, signal)
      const late = sleep(stopTimeoutMs, undefined, { ref: false }).then(() => {
        throw new Error(`the server did not end within ${stopTimeoutMs} ms of ${signal}:\n${server.stderr()}`)
      })
      return Promise.race([server.ended, late])
    },
  }
}

/** What the banner says, where the local API cannot be reached. */
function statusIn({ child, stdout }: TestServer): Status {
  const told = (name: string): string => new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(stdout())?.[1] ?? ''
  return {
    app: told('app'),
    pid: child.pid ?? 0,
    gateway: told('gateway'),
    issuer: told('sign-in'),
    caFile: told('trust'),
    isolation: stdout().split('\n')[0] ?? '',
    ledger: 'self-attested',
    debug: false,
  }
}

async function sendPlain(gateway: string, { method = 'GET', path, token, body }: ClientRequest): Promise<ClientAnswer> {
  const headers = typeof token !== 'string' ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(gateway + path, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: answer.status, headers: {}, text: await answer.text() }
}

/** A start that was refused. */
export interface Refused extends Ended {
  /** Everything that it printed. */
  readonly said: string
  /** What is still there of what it had started by then; see `leftOf`. */
  readonly left: readonly string[]
}

/** Starts a server that is expected to refuse, and gives what it said when it had ended. */
export async function startRefused(app: Pick<TestApp, 'folder'>, options: StartOptions = {}): Promise<Refused> {
  const server = launch(app, options)
  const footprints: Footprint[] = [footprintOf(server.child.pid ?? 0)]
  const look = setInterval(() => void footprints.push(footprintOf(server.child.pid ?? 0)), 50)
  const late = sleep(startTimeoutMs, undefined, { ref: false }).then(() => {
    server.child.kill('SIGKILL')
    throw new Error(`the server neither ended nor refused:\n${server.stdout()}${server.stderr()}`)
  })
  const ended = await Promise.race([server.ended, late]).finally(() => clearInterval(look))
  return { ...ended, said: server.stdout() + server.stderr(), left: leftOf(union(footprints)) }
}

/** Every record in the app's ledger, read as a stranger would, beside the server or after it. */
export async function recordsOf(app: Pick<TestApp, 'state'>): Promise<readonly LedgerRecord[]> {
  const folder = join(app.state, 'ledger')
  const records: LedgerRecord[] = []
  if (!existsSync(folder)) return records
  for await (const { record } of readLedger(folder)) records.push(record)
  return records
}

/** Waits for something to become true; never longer than told. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  for (const end = performance.now() + timeoutMs; ; await sleep(20)) {
    if (await holds()) return
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
  }
}

/** Waits until nothing of a footprint is left; a killed server's groups go a moment after it. Fails with what stays. */
export async function untilGone(footprint: Footprint): Promise<void> {
  await until('all of it is gone', () => leftOf(footprint).length === 0, 30_000).catch(() => undefined)
  assert.deepEqual(leftOf(footprint), [])
}
