import {
  setRuntimeFlags,
  describeFailure,
  dropRoot,
  failureFields,
  parseServerArguments,
  readRights,
} from './start/index.ts'

async function main(): Promise<void> {
  const startedAt = Date.now()
  const options = parseServerArguments(process.argv.slice(2), process.stdin.isTTY)
  if (readRights().kind === 'root' && options.keepRoot !== true) await dropRoot(options, process.env)
  // Only now: whoever gives up root becomes this program again, and need not have loaded it.
  const { serve } = await import('./serve.ts')
  setRuntimeFlags()
  await serve(options, startedAt)
}

await main().catch((cause: unknown) => {
  // Also where the arguments themselves were the fault, so not from the options.
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: failureFields(cause) })}\n`)
  else process.stderr.write(`${describeFailure(cause)}\n`)
  process.exitCode = 2
})
