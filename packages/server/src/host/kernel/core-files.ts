import { readFileSync } from 'node:fs'

/** What this machine does with the memory of a process that crashes. */
export interface CoreFiles {
  /** The program that the kernel pipes core files to (core(5)); undefined where they are files. */
  readonly program?: string
  /** How many bytes of a core file processes that are started here may be given: 1, or 0 where no more is left. */
  readonly limit: 0 | 1
}

/** Reads what the kernel says. What it does not say is taken for the worse. */
export function readCoreFiles(read: (path: string) => string = readText): CoreFiles {
  const pattern = textOr('|?', () => read('/proc/sys/kernel/core_pattern'))
  const limits = textOr('', () => read('/proc/self/limits'))
  const [, hard = '0'] = /^Max core file size\s+\S+\s+(\d+|unlimited)/m.exec(limits) ?? []
  const program = pattern.startsWith('|') ? { program: pattern.slice(1).trim().split(/\s/)[0] ?? '?' } : {}
  return { ...program, limit: hard === '0' ? 0 : 1 }
}

/**
 * The option of `prlimit` that keeps a process from leaving a core file. Adversary: a box that crashes on purpose, and
 * has the host's program run as root over a memory that it wrote. A limit of 0 keeps it from files alone; for pipes
 * the kernel looks for a limit of exactly one byte (`do_coredump` in fs/coredump.c), which is too few for a file too.
 */
export function coreLimitOption({ limit }: CoreFiles = readCoreFiles()): string {
  return `--core=${limit}:${limit}`
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

function textOr(otherwise: string, read: () => string): string {
  try {
    return read()
  } catch {
    return otherwise // no /proc, or one that is closed to us
  }
}
