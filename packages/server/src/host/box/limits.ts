import type { FunctionImage } from '../image.ts'
import type { Limits } from '../kernel/cgroups.ts'
import { dataAllowanceBytes } from '../runtime/runtimes.ts'

/** Node alone has eleven threads; this leaves room for workers and a few children, and none for a fork bomb. */
const maxProcesses = 64
/** What gVisor's own kernel takes beside the function: some 40 MB at rest, and a thread for each of the function's. */
const gvisorBytes = 96 * 1024 * 1024
const gvisorProcesses = 512
const mebibyte = 1024 * 1024

/** The limits of one box of this function. */
export function limitsOf(image: FunctionImage): Limits {
  // What is written to /tmp is memory too, and counts for whoever wrote it.
  const limits = { memoryBytes: (image.memoryMb + (image.tmpMb ?? 0)) * mebibyte, maxProcesses, cpuMillis: 1_000 }
  if (image.runsc === undefined) return limits
  return { ...limits, memoryBytes: limits.memoryBytes + gvisorBytes, maxProcesses: gvisorProcesses }
}

/**
 * Without control groups: what stands in for their memory and process limits. It is weaker: it holds for each
 * process on its own, and a box may have several.
 */
export function prlimitCommand(prlimit: string, image: FunctionImage): readonly string[] {
  const { memoryBytes, maxProcesses: nproc } = limitsOf({ ...image, tmpMb: 0 }) // of a process's own data /tmp is none
  return [prlimit, `--data=${memoryBytes + dataAllowanceBytes[image.runtime]}`, `--nproc=${nproc}`, '--']
}
