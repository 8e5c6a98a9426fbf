import type { FunctionImage } from '../image.ts'
import type { Limits } from '../kernel/cgroups.ts'
import { dataAllowanceBytes } from '../runtime/runtimes.ts'

/** Node alone has eleven threads; this leaves room for workers and a few children, and none for a fork bomb. */
const maxProcesses = 64
const mebibyte = 1024 * 1024

/** The limits of one box of this function. */
export function limitsOf(image: FunctionImage): Limits {
  return { memoryBytes: image.memoryMb * mebibyte, maxProcesses, cpuMillis: 1_000 }
}

/**
 * Without control groups: what stands in for their memory and process limits. It is weaker: it holds for each
 * process on its own, and a box may have several.
 */
export function prlimitCommand(prlimit: string, image: FunctionImage): readonly string[] {
  const { memoryBytes, maxProcesses: nproc } = limitsOf(image)
  return [prlimit, `--data=${memoryBytes + dataAllowanceBytes[image.runtime]}`, `--nproc=${nproc}`, '--']
}
