import { describeFailure, parseServerArguments } from './operation/index.ts'
import { type RunningServer, startServer, type Status } from './server.ts'

/** The first thing printed: how strongly the boxes hold, and who vouches for the ledger. */
function banner(status: Status, took: number): string {
  const debug = status.debug === undefined ? '' : `  DEBUG: boxes of ${status.debug} accept a debugger\n`
  const found = status.found === undefined ? '' : `  found     ${status.found}\n`
  return [
    `${status.isolation}; ledger: ${status.ledger}\n`,
    debug,
    `  app       ${status.app}\n`,
    `  gateway   ${status.gateway}\n`,
    `  sign-in   ${status.issuer}\n`,
    `  trust     ${status.caFile}\n`,
    found,
    `  ready in  ${took} ms; stop with Ctrl-C\n`,
  ].join('')
}

const report = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const startedAt = Date.now()
  const options = parseServerArguments(process.argv.slice(2), process.stdin.isTTY)
  let server: RunningServer | undefined
  let ending: Promise<void> | undefined
  const end = (code: number): void => {
    ending ??= (server?.close() ?? Promise.resolve()).then(
      () => process.exit(code),
      (cause: unknown) => {
        report(describeFailure(cause))
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', () => end(130))
  process.on('SIGTERM', () => end(143))
  process.on('SIGHUP', () => end(129))
  server = await startServer(options, { input: process.stdin, output: process.stdout }, report)
  process.stdout.write(banner(server.status, Date.now() - startedAt))
}

await main().catch((cause: unknown) => {
  report(describeFailure(cause))
  process.exitCode = 2
})
