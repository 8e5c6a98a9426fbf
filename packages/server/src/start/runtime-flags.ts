import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * After so many calls V8 compiles a function as well as it can; by itself after 3,000. A request passes hundreds of
 * functions, most of them once, and what they are run in until then takes half as much time again (decision 0039). The
 * second is how much of what a function calls may stand within it, in bytes of V8's own code; by itself 920.
 */
const compiledSooner = ['--invocation-count-for-turbofan=700', '--max-inlined-bytecode-size-cumulative=2400'] as const

/**
 * Bytes outside of the heap count towards the limit at which all of it is collected, as everything does. By itself V8
 * collects the whole heap for each 64 MB of them, which a dozen large answers are, however much there was before
 * (decision 0040).
 */
const collectedInProportion = ['--external-memory-accounted-in-global-limit'] as const

/**
 * All of it is collected once three times as much is there as was left. By itself V8 has it grow by a tenth at times,
 * where it believes that collecting is cheap: beside large answers that was five times a second. And whoever collects
 * leaves a processor to those who are served meanwhile (decision 0040).
 */
const collectedSeldom = [
  '--heap-growing-percent=200',
  `--concurrent-marking-max-worker-num=${Math.max(1, availableParallelism() - 1)}`,
] as const

/** What V8 is told in the process of a server. */
export const runtimeFlags: readonly string[] = [...compiledSooner, ...collectedInProportion, ...collectedSeldom]

/**
 * Sets them for this process. To be called once its modules are loaded: what is loaded under other flags is not found
 * in Node's cache.
 */
export function setRuntimeFlags(): void {
  for (const flag of runtimeFlags) setFlagsFromString(flag)
}
