import type { Engine } from './engine.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

/**
 * Boxes that are opened with the first function that needs one: an app whose functions all run elsewhere needs nothing
 * of what boxes need. `deploy` rejects as `open` does, and then tries again when it is next called.
 */
export function openedWhenNeeded(open: () => Promise<Engine>): Engine {
  let opened: Engine | undefined
  return {
    name: 'box',
    get strength() {
      return opened?.strength ?? 'hard' // of what nothing runs in
    },
    get description() {
      return opened?.description ?? 'no function runs in a box'
    },
    deploy: async (images) => {
      if (images.length === 0 && opened === undefined) return
      opened ??= await open()
      await opened.deploy(images)
    },
    withdraw: async (functionName) => opened?.withdraw(functionName),
    invoke: (invocation) => opened?.invoke(invocation) ?? nobody(invocation),
    close: async () => opened?.close(),
  }
}

function nobody({ functionName }: Invocation): Promise<InvocationResult> {
  const message = `no function ${functionName} is in service`
  return Promise.resolve({ kind: 'error', code: 'function.busy', message })
}
