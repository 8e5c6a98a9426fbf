import { constants } from 'node:os'

import { SallyportError } from '@sallyport/core/access'

/** Remembers how something that was started is ended. */
export type Closing = (close: () => Promise<unknown>) => void

/** `attack.interrupted`, with the exit code that shells expect of a program that a signal ended. */
export interface Interruption {
  readonly error: SallyportError
  readonly exitCode: number
}

/** Whether it was thrown because somebody ended the attacks before they were all made. */
export function interruptionIn(thrown: unknown): Interruption | undefined {
  if (!(thrown instanceof SallyportError) || thrown.code !== 'attack.interrupted') return undefined
  const signal = signals.find((one) => one === thrown.cause)
  return signal && { error: thrown, exitCode: 128 + constants.signals[signal] }
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs `use` and then ends what it started, last first: also when it fails, and when somebody interrupts, in which case
 * it throws `attack.interrupted`. `use` looks at the signal before each of its steps, since nobody else can stop it.
 */
export async function withClosing<Result>(
  use: (closing: Closing, interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const started: (() => Promise<unknown>)[] = []
  let closed = false
  const controller = new AbortController()
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  const interrupt = (signal: NodeJS.Signals): void => {
    const said = `${signal} ended the attacks, and what they had started is gone`
    const reason = new SallyportError('attack.interrupted', said, { cause: signal })
    controller.abort(reason)
    reject(reason)
  }
  for (const signal of signals) process.on(signal, interrupt)
  try {
    const closing: Closing = (close) => void (closed ? close() : started.push(close))
    return await Promise.race([use(closing, controller.signal), interrupted])
  } finally {
    closed = true
    for (const close of started.toReversed()) await close()
    for (const signal of signals) process.off(signal, interrupt)
  }
}
