import { createInterface } from 'node:readline/promises'

import { runCommand } from './run-command.ts'

/** The command as a program: the process's own streams, arguments and exit code. */
export async function main(): Promise<void> {
  // A reader that goes away (`sallyport logs | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 70)
  })
  await runCommand(process.argv.slice(2), {
    process,
    cwd: process.cwd(),
    readInput,
    input: () => process.stdin,
    ask,
    type,
    clock: Date.now,
  })
}

async function readInput(): Promise<Uint8Array> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

async function ask(question: string): Promise<boolean | undefined> {
  const answer = await type(`${question} [y/N] `)
  return answer === undefined ? undefined : /^y(es)?$/i.test(answer)
}

async function type(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

if (import.meta.main) await main()
