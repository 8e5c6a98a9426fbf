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
 * Without control groups: what stands in for their memory and process limits. It is weaker: it holds for each
 * process on its own, and a box may have several.
 */
export function prlimitCommand(prlimit: string, limits: Limits): readonly string[] {
  return [prlimit, `--data=${limits.memoryBytes + nodeDataBytes}`, `--nproc=${limits.maxProcesses}`, '--']
}
