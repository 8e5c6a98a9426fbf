import { createInterface } from 'node:readline/promises'

import { SallyportError } from '@sallyport/core/access'

/** Where a question can be asked and answered. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Aborted once the server is to stop: whoever waits for an answer then waits no longer. */
  readonly stop: AbortSignal
}

/** What a new manifest changes of who may do what. */
export interface AccessChange {
  readonly lines: readonly string[]
  readonly broadens: boolean
}

/**
 * Stops a manifest that grants more than the last one that was accepted here, unless somebody agrees.
 * `again` is the command that starts the server with the change agreed to.
 * The first manifest of a state folder has nothing to be compared with and is its author's own.
 */
export async function agreeToBroadening(
  change: AccessChange,
  policy: 'ask' | 'allow' | 'refuse',
  terminal: Terminal,
  again: string,
): Promise<void> {
  if (!change.broadens || policy === 'allow') return
  const text = change.lines.map((line) => `  ${line}`).join('\n')
  if (policy === 'ask') {
    terminal.output.write(`This manifest grants more than the last one:\n${text}\n`)
    if (/^y(es)?$/i.test(await ask(terminal, 'Let it come into force? [y/N] '))) return
  }
  throw new SallyportError('manifest.broadens', `The manifest grants more than the last accepted one:\n${text}`, {
    fix: again,
  })
}

/** The answer; nothing when the input ends, somebody types Ctrl-C at the question, or the server is to stop. */
async function ask({ input, output, stop }: Terminal, question: string): Promise<string> {
  const asker = createInterface({ input, output })
  const gone = new Promise<string>((resolve) => void asker.once('close', () => resolve('')))
  const leave = (): void => asker.close()
  stop.addEventListener('abort', leave)
  try {
    // Whichever Node: some leave the question open for ever when the input closes, some reject it.
    const answer = asker.question(question, { signal: stop }).catch(() => '')
    return (await Promise.race([answer, gone])).trim()
  } finally {
    stop.removeEventListener('abort', leave)
    asker.close()
  }
}
