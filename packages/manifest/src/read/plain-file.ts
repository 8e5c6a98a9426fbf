import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

import { SallyportError } from '@sallyport/core/access'

/** Larger than any policy, schema or module that somebody wrote. */
const maxBytes = 64 * 1024 * 1024

/**
 * The bytes of a file of an app. Adversary: a folder from a stranger, in which the manifest or a schema is a pipe that
 * nobody writes to, a device, or as large as the disk: opening the first never returns, and reading the others neither.
 * Throws what the file system says, and `manifest.unreadable` for what is no plain file, or too large for one.
 */
export function readPlainFile(path: string): Buffer {
  // What is no pipe is opened as ever by this flag; a pipe is opened at once.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile() && !status.isDirectory()) {
      throw new SallyportError('manifest.unreadable', `${path} is no plain file, but a pipe or a device.`)
    }
    if (status.size > maxBytes) {
      throw new SallyportError('manifest.unreadable', `${path} has ${status.size} bytes; at most ${maxBytes} are read.`)
    }
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
