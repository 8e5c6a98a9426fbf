import { createInterface } from 'node:readline/promises'

import { SallyportError } from '@sallyport/core/access'

/** Where a question can be asked and answered. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** What a new manifest changes of who may do what. */
export interface AccessChange {
  readonly lines: readonly string[]
  readonly broadens: boolean
}

/**
 * Stops a manifest that grants more than the last one that was accepted here, unless somebody agrees.
 * The first manifest of a state folder has nothing to be compared with and is its author's own.
 */
export async function agreeToBroadening(
  change: AccessChange,
  policy: 'ask' | 'allow' | 'refuse',
  terminal: Terminal,
): Promise<void> {
  if (!change.broadens || policy === 'allow') return
  const text = change.lines.map((line) => `  ${line}`).join('\n')
  if (policy === 'ask') {
    terminal.output.write(`This manifest grants more than the last one:\n${text}\n`)
    const asker = createInterface(terminal)
    const answer = await asker.question('Let it come into force? [y/N] ').finally(() => asker.close())
    if (/^y(es)?$/i.test(answer.trim())) return
  }
  throw new SallyportError('manifest.broadens', `The manifest grants more than the last accepted one:\n${text}`, {
    fix: 'sallyport up --broadening allow',
  })
}
