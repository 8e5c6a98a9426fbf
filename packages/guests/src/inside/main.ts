// The process of one guest. It is told what to load, then asked; it ends when whoever started it is gone.
import type { GuestInput } from '../input.ts'
import type { Answer, AskMessage, LoadMessage, Said } from '../messages.ts'
import { watchOver } from './watch.ts'

let evaluate: ((input: GuestInput) => Said) | undefined

// Whoever sends is the server that started this process; nobody else holds the channel.
process.on('message', (message: LoadMessage | AskMessage) => {
  if (message.kind === 'ask') tell({ kind: 'answer', id: message.id, said: message.inputs.map(said) })
  else void load(message)
})
process.on('disconnect', () => process.exit())

async function load(message: LoadMessage): Promise<void> {
  watchOver(message.memoryMb)
  try {
    // Each engine is loaded by whoever needs it.
    if (message.engine === 'opa') evaluate = await (await import('./opa.ts')).loadOpa(message)
    else evaluate = (await import('./cedar.ts')).loadCedar(message)
    tell({ kind: 'ready' })
  } catch (error) {
    tell({ kind: 'unloadable', message: wordsOf(error) })
  }
}

/** What the engine says; what it throws (a trap, a call of `opa_abort`, an answer that is no JSON) is no verdict. */
function said(input: GuestInput): Said {
  try {
    return evaluate?.(input) ?? { fault: 'guest.faulty', detail: 'nothing is loaded' }
  } catch (error) {
    return { fault: 'guest.faulty', detail: wordsOf(error) }
  }
}

/** OPA's library throws texts and plain objects as well. */
function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : 'it threw'
}

function tell(answer: Answer): void {
  process.send?.(answer)
}
