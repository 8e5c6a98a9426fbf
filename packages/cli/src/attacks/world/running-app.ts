import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'

import { type LocalApi, localApi, type Status, statusOf } from '../../local-api.ts'
import type { GatewayAddress } from './client.ts'
import type { Closing } from './closing.ts'

/** An app that serves requests: one found running, or one that we started. */
export interface RunningApp extends GatewayAddress {
  readonly folder: string
  readonly status: Status
  readonly api: LocalApi
  /** How long it took from the start of the process to the first answer; 0 for one found running. */
  readonly startedInMs: number
  /** Of its server, if we started it. */
  readonly pid?: number
  /** Ends it, if we started it. Resolves when no process of it is left. */
  close(): Promise<void>
}

/** The command itself, as a program to run: the same one that we are part of. */
export const sallyport: readonly [string, ...string[]] = [
  process.execPath,
  ...process.execArgv,
  join(import.meta.dirname, '../../../bin/sallyport.js'),
]

/** The app in this folder if a server runs for it; undefined otherwise. */
export async function findRunningApp(folder: string): Promise<RunningApp | undefined> {
  const api = localApi(folder)
  try {
    return running(folder, api, await statusOf(api), 0, () => Promise.resolve())
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'cli.not_running') return undefined
    throw error
  }
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 10_000

/** Starts `sallyport up` for the app and waits until it serves. Its output goes to `write`, line by line. */
export async function startApp(options: {
  readonly folder: string
  /** 0 takes a free port; so for the issuer's. */
  readonly port: number
  readonly issuerPort: number
  readonly environment: Readonly<Record<string, string>>
  readonly write: (line: string) => void
  /** What runs the command: a program and its arguments before it. */
  readonly inside?: readonly string[]
  /** Told how to end it as soon as it is begun; without it the caller ends it once it serves. */
  readonly closing?: Closing
}): Promise<RunningApp> {
  const { folder, port, issuerPort, environment, write, inside = [], closing } = options
  const startedAt = performance.now()
  const [program = '', ...args] = [...inside, ...sallyport]
  const child = spawn(program, [...args, 'up', folder, '--port', `${port}`, '--issuer-port', `${issuerPort}`], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = listenTo(child, write)
  const api = localApi(folder)
  const close = (): Promise<void> => stop(child)
  closing?.(close)
  while (performance.now() - startedAt < startTimeoutMs) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new SallyportError(
        'attack.app',
        `sallyport up ${folder} ended (${child.exitCode ?? child.signalCode}):\n${said()}`,
      )
    }
    try {
      const app = running(folder, api, await statusOf(api), performance.now() - startedAt, close)
      return { ...app, ...(child.pid === undefined ? {} : { pid: child.pid }) }
    } catch (error) {
      if (!(error instanceof SallyportError)) throw error
    }
    await sleep(50)
  }
  await close()
  throw new SallyportError(
    'attack.app',
    `sallyport up ${folder} did not serve within ${startTimeoutMs / 1000} s:\n${said()}`,
  )
}

/** Runs one `sallyport` command to its end; `input` is what is piped in. */
export async function command(
  args: readonly string[],
  input?: string,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const [program, ...before] = sallyport
  const child = spawn(program, [...before, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input ?? '')
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { exitCode, stdout, stderr }
}

function running(
  folder: string,
  api: LocalApi,
  status: Status,
  startedInMs: number,
  close: () => Promise<void>,
): RunningApp {
  return { folder, api, status, startedInMs, close, gateway: status.gateway, ca: readFileSync(status.caFile, 'utf8') }
}

function listenTo(child: ChildProcess, write: (line: string) => void): () => string {
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n')
      rest = lines.pop() ?? ''
      said.push(...lines)
      lines.forEach(write)
    })
  }
  return () => said.slice(-20).join('\n')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(late)
}
