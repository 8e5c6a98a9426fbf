/**
 * The end of what an exit rests on, such as its invocation. It is listened to as an `AbortSignal` is, of which it is a
 * part: one is made for each call, and a whole one takes longer than much of what the call is there for.
 */
export interface Ending {
  /** It has come; whoever listens only now hears nothing. */
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** An ending, and what makes it come, which happens once. */
export function createEnding(): { readonly signal: Ending; readonly abort: () => void } {
  const listeners = new Set<() => void>()
  const signal = {
    aborted: false,
    addEventListener: (_: 'abort', listener: () => void): void => {
      if (!signal.aborted) listeners.add(listener)
    },
    removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
  }
  const abort = (): void => {
    signal.aborted = true
    for (const listener of listeners) {
      listeners.delete(listener)
      tell(listener)
    }
  }
  return { signal, abort }
}

/** A listener that fails must not keep what the others hold open: its fault comes to light a moment later. */
function tell(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
