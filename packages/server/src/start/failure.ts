import { SallyportError } from '@sallyport/core/access'

import { explainUnreadable } from './unreadable.ts'

/** One error for the terminal: its code, what happened, and what mends it. Causes follow, indented. */
export function describeFailure(failure: unknown): string {
  const cause = explainUnreadable(failure)
  if (cause instanceof SallyportError) {
    const fix = cause.fix === undefined ? '' : `\n  fix: ${cause.fix}`
    const inner = cause.cause === undefined ? '' : `\n  because: ${messageOf(cause.cause)}`
    return `error ${cause.code}: ${cause.message}${inner}${fix}`
  }
  return `error server.unexpected: ${messageOf(cause)}`
}

/** The same for programs: its code, what happened, and what mends it. */
export function failureFields(failure: unknown): {
  readonly code: string
  readonly message: string
  readonly fix?: string
} {
  const cause = explainUnreadable(failure)
  if (!(cause instanceof SallyportError)) return { code: 'server.unexpected', message: messageOf(cause) }
  const { code, message, fix } = cause
  return { code, message, ...(fix === undefined ? {} : { fix }) }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** The command that starts the same server on another port; 0 takes any that is free. */
export type StartAgain = (port: number) => string

/** Turns the operating system's words for a taken port into ours. */
export function explainListenFailure(cause: unknown, port: number, again: StartAgain): unknown {
  // A room may have wrapped them in words of its own.
  if (cause instanceof SallyportError && cause.cause !== undefined) return explain(cause.cause, port, again) ?? cause
  return explain(cause, port, again) ?? cause
}

function explain(cause: unknown, port: number, again: StartAgain): SallyportError | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  if (cause.code === 'EADDRINUSE') {
    return new SallyportError('server.port_in_use', `Port ${port} is taken by another program.`, {
      cause,
      fix: again(0),
    })
  }
  if (cause.code === 'EACCES') {
    return new SallyportError('server.port_forbidden', `Port ${port} may not be opened by this user.`, {
      cause,
      fix: again(0),
    })
  }
  return undefined
}
