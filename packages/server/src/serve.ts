import { SallyportError } from '@sallyport/core/access'

import type { FirstAdministrator } from './first-administrator.ts'
import { type RunningServer, startServer } from './server.ts'
import { describeFailure, type ServerOptions } from './start/index.ts'
import type { Status } from './status.ts'

/** The first thing printed: how strongly the boxes hold, and who vouches for the ledger. */
function banner(status: Status, first: FirstAdministrator, took: number): string {
  const learn = status.learn === undefined ? '' : `  LEARN     what functions ask for is recorded in ${status.learn}\n`
  const debug = status.debug === undefined ? '' : `  DEBUG: boxes of ${status.debug} accept a debugger\n`
  const found = status.found === undefined ? '' : `  found     ${status.found}\n`
  return [
    `${status.isolation}; ledger: ${status.ledger}\n`,
    debug,
    learn,
    `  app       ${status.app}\n`,
    `  gateway   ${status.gateway}\n`,
    `  sign-in   ${status.issuer}\n`,
    `  trust     ${status.caFile}\n`,
    found,
    firstLines(first),
    `  ready in  ${took} ms; stop with Ctrl-C\n`,
  ].join('')
}

/** Printed on a terminal alone: without one no link is made. */
function firstLines(first: FirstAdministrator): string {
  switch (first.kind) {
    case 'there':
      return ''
    case 'missing':
      return `  admin     ${first.words}\n`
    case 'invited': {
      const until = new Date(first.expiresAt).toTimeString().slice(0, 5)
      return `  admin     nobody yet. Become the first one, once, until ${until}:\n            ${first.link}\n`
    }
  }
}

/** How long everything that was started may take to end. */
const patienceMs = 10_000
const report = (line: string): void => void process.stderr.write(`${line}\n`)

/** Serves an app until a signal ends it, and prints what came up. */
export async function serve(options: ServerOptions, startedAt: number): Promise<void> {
  const stop = new AbortController()
  // Both ends: what is piped somewhere is kept somewhere. JSON is for a program, which is nobody to enrol.
  const isPresent = process.stdin.isTTY && process.stdout.isTTY && options.json !== true
  const terminal = { input: process.stdin, output: process.stdout, stop: stop.signal, isPresent }
  const starting = startServer(options, terminal, report)
  // The first signal counts: a terminal's Ctrl-C reaches us once more through whoever started us.
  const end = (code: number): void => {
    if (stop.signal.aborted) return
    stop.abort()
    void endWith(code, starting)
  }
  process.on('SIGINT', () => end(130))
  process.on('SIGTERM', () => end(143))
  process.on('SIGHUP', () => end(129))
  const server = await starting.catch((cause: unknown) => {
    if (cause !== stop.signal.reason) throw cause
    return undefined // it was told to stop, and is ended already
  })
  if (server === undefined || stop.signal.aborted) return
  const { status, firstAdministrator } = server
  const readyInMs = Date.now() - startedAt
  const said = options.json
    ? `${JSON.stringify({ ...status, readyInMs })}\n`
    : banner(status, firstAdministrator, readyInMs)
  process.stdout.write(said)
}

/** Also while it still starts: what is half started is ended as well. */
async function endWith(code: number, starting: Promise<RunningServer>): Promise<never> {
  // Boxes end with this process, and their control groups soon after, however it ends.
  setTimeout(() => {
    const message = `Something did not end within ${patienceMs / 1000} s; this process ends without it.`
    report(describeFailure(new SallyportError('server.slow_stop', message)))
    process.exit(1)
  }, patienceMs).unref()
  const server = await starting.catch(() => undefined) // `main` says what was wrong
  await server?.close()
  process.exit(code)
}
