import type { Box, BoxHooks } from '../box/box.ts'
import type { InvocationResult } from '../invocation.ts'

/** A box without a process, which does what a test says. */
export interface FakeBox extends Box {
  /** It has loaded, or asks for the next invocation. */
  asks(): void
  answers(): void
  /** It ends, with what went wrong. */
  ends(why?: Parameters<BoxHooks['onEnd']>[1]): void
  readonly served: string[]
  readonly killed: string[]
  readonly frozen: string[]
}

/** One of this name; what it is asked for is heard, and what it says is said to the pool. */
export function fakeBox(id: string, hooks: BoxHooks): FakeBox {
  const gone = Promise.withResolvers<undefined>()
  const [served, killed, frozen]: [string[], string[], string[]] = [[], [], []]
  let [idle, over] = [false, false]
  let settle: ((result: InvocationResult) => void) | undefined
  const box: FakeBox = {
    id,
    pid: 0,
    gone: gone.promise,
    served,
    killed,
    frozen,
    isIdle: () => idle,
    run: (invocation) => {
      idle = false
      served.push(invocation.id)
      return new Promise((resolve) => (settle = resolve))
    },
    share: () => undefined,
    freeze: () => void frozen.push('frozen'),
    kill: (reason) => {
      idle = false
      killed.push(reason)
    },
    asks: () => {
      idle = true
      hooks.onIdle(box)
    },
    answers: () => {
      settle?.({ kind: 'response', body: new Uint8Array() })
    },
    ends: (why = {}) => {
      if (over) return
      over = true
      settle?.({ kind: 'error', code: 'function.exited', message: '' })
      hooks.onEnd(box, why)
      gone.resolve(undefined)
    },
  }
  return box
}
