import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { readRights, type Rights } from './rights.ts'

/**
 * What a server that gave up root says of a file that root alone may read: which, and what lets it be read without
 * opening it to everybody. Any other failure is given back as it is, one that has a fix of its own as well.
 */
export function explainUnreadable(failure: unknown, rights: Rights = readRights()): unknown {
  if (rights.kind !== 'dropped') return failure
  const known = failure instanceof SallyportError
  const cause = known ? failure.cause : failure
  if ((known && failure.fix !== undefined) || !(cause instanceof Error) || !('code' in cause)) return failure
  if (cause.code !== 'EACCES' || !('path' in cause) || typeof cause.path !== 'string') return failure
  const { path } = cause
  const { server } = rights.block
  const fix = whatOpens(path, server)
  const because = known ? `${failure.message} ` : ''
  const message = `${because}${path} cannot be read by the server, which gave up root and has the uid ${server}.`
  return new SallyportError(known ? failure.code : 'server.unreadable', message, fix === undefined ? {} : { fix })
}

/** Undefined where a group has rights already that it would lose. */
function whatOpens(path: string, group: number): string | undefined {
  const closed = foldersAbove(path).find((folder) => !mayEnter(folder))
  if (closed !== undefined) return rootCommandLine(0, 'chmod', 'o+x', closed)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || (found.mode & 0o070) !== 0) return undefined
  return `${rootCommandLine(0, 'chgrp', String(group), path)} && ${rootCommandLine(0, 'chmod', 'g=rX', path)}`
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [...foldersAbove(above), above]
}

function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK)
    return true
  } catch {
    return false
  }
}
