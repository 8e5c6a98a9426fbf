import { constants } from 'node:os'

import { SallyportError } from '@sallyport/core/access'

/** Remembers how something that was started is ended. */
export type Closing = (close: () => Promise<unknown>) => void

/** Somebody ended the attacks before they were all made. */
export class Interrupted extends SallyportError {
  /** What a shell is told of a program that a signal ended. */
  readonly exitCode: number

  constructor(signal: NodeJS.Signals) {
    super('attack.interrupted', `${signal} ended the attacks, and what they had started is gone`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs `use` and then ends what it started, last first: also when it fails, and when somebody interrupts, in which case
 * it throws `Interrupted`. `use` looks at the signal before each of its steps, since nobody else can stop it.
 */
export async function withClosing<Result>(
  use: (closing: Closing, interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const started: (() => Promise<unknown>)[] = []
  let closed = false
  const controller = new AbortController()
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  const interrupt = (signal: NodeJS.Signals): void => {
    const reason = new Interrupted(signal)
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
