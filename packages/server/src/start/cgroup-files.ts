import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What is done to the kernel's tree of control groups: a parameter, so that another kernel can be stood in for. */
export interface CgroupFiles {
  /** With those above it. Throws where no group may be made. */
  makeFolder(path: string): void
  /** True when it is gone afterwards; false while it holds processes or groups. */
  removeFolder(path: string): boolean
  /** Names of the groups in this one. */
  folders(path: string): readonly string[]
  /** Undefined where there is no such file. */
  read(path: string): string | undefined
  /** Throws what the kernel says. */
  write(path: string, text: string): void
  /** SIGKILL; one that has ended already is no error. */
  endProcess(pid: number): void
}

/** The tree that is mounted here. */
export const kernelFiles: CgroupFiles = {
  makeFolder,
  removeFolder: (path) => {
    try {
      rmdirSync(path)
      return true
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    }
  },
  folders: (path) => {
    try {
      const entries = readdirSync(path, { withFileTypes: true })
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    } catch {
      return [] // no such group
    }
  },
  read: (path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  write: (path, text) => writeFileSync(path, text),
  endProcess: (pid) => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended: that was wanted.
    }
  },
}

/** Not `recursive`: under a folder that takes none, as in /proc, Node asks the kernel for ever. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error
    makeFolder(dirname(path))
    mkdirSync(path)
  }
}
