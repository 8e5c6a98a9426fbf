import { SallyportError } from '@sallyport/core/access'

import { explainUnreadable } from './unreadable.ts'

/** One error for the terminal: its code, what happened, and what mends it. Causes follow, indented. */
export function describeFailure(failure: unknown): string {
  const cause = explainDisk(explainUnreadable(failure))
  if (cause instanceof SallyportError) {
    const fix = cause.fix === undefined ? '' : `\n  fix: ${cause.fix}`
    const inner = cause.cause === undefined ? '' : `\n  because: ${messageOf(cause.cause)}`
    return `error ${cause.code}: ${messageOf(cause)}${inner}${fix}`
  }
  return `error server.unexpected: ${messageOf(cause)}`
}

/** The same for programs: its code, what happened, and what mends it. */
export function failureFields(failure: unknown): {
  readonly code: string
  readonly message: string
  readonly fix?: string
} {
  const cause = explainDisk(explainUnreadable(failure))
  if (!(cause instanceof SallyportError)) return { code: 'server.unexpected', message: messageOf(cause) }
  const { code, message, fix } = cause
  return { code, message, ...(fix === undefined ? {} : { fix }) }
}

const disk: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full, of the state folder or of /tmp. Make room (df -h says where); what is recorded stays.',
  EDQUOT: 'The quota of the disk is used up, where the state folder is or in /tmp. Make room, or have it raised.',
  EROFS: 'The state folder stands in a file system that is read only. Mount it for writing, or move the app.',
}

/** Turns the operating system's words for a disk that takes nothing more into ours, wherever it was met. */
function explainDisk(cause: unknown): unknown {
  if (cause instanceof SallyportError || !(cause instanceof Error) || !('code' in cause)) return cause
  const words = disk[String(cause.code)]
  return words === undefined ? cause : new SallyportError('server.disk', words, { cause })
}

// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** Adversary: whoever has a word in what failed, a row or a path, and whose words a terminal would obey. */
function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(hidden, '\uFFFD')
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
