import type { FunctionImage } from './engine.ts'
import type { Limits } from './cgroups.ts'

/** Node alone has eleven threads; this leaves room for workers and a few children, and none for a fork bomb. */
const maxProcesses = 64
const mebibyte = 1024 * 1024
/** What Node 24 maps as writable before any function code, most of it never touched: 565 MB were measured. */
const nodeDataBytes = 640 * mebibyte

/** The limits of one box of this function. */
export function limitsOf(image: FunctionImage): Limits {
  return { memoryBytes: image.memoryMb * mebibyte, maxProcesses, cpuMillis: 1_000 }
}

/**
 * The head of the box's command line: limits that hold for each process on its own, in every mode. Without control
 * groups they also stand in for memory and process count, which is weaker: the memory limit is then per process.
 */
export function prlimitCommand(prlimit: string, limits: Limits, withCgroups: boolean): readonly string[] {
  const fallback = withCgroups ? [] : [`--data=${limits.memoryBytes + nodeDataBytes}`, `--nproc=${limits.maxProcesses}`]
  return [prlimit, '--nofile=1024', '--core=0', '--memlock=65536', '--msgqueue=0', ...fallback, '--']
}
