import { SallyportError } from '@sallyport/core/access'

const words: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'it stands in a file system that is read only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ENOENT: 'it is not there',
  EEXIST: 'something is there already',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

/** Why the operating system refused, in a few words; undefined for anything else that went wrong. */
export function systemWords(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? words[String(error.code)] : undefined
}

/** What the operating system refused, in words: what was to be done, with which file, and why not. */
export function explainSystemError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  const why = systemWords(error)
  const path = 'path' in error && typeof error.path === 'string' ? ` ${error.path}` : ''
  // A full disk is met while a file is written, and then its name is not said. What else has none is a fault of ours.
  const full = error.code === 'ENOSPC' || error.code === 'EDQUOT'
  if (why === undefined || (path === '' && !full)) return error
  return new SallyportError('cli.system', `cannot ${String(error.syscall)}${path}: ${why}`, { cause: error })
}
