import type { BoxSurroundings } from './box-surroundings.ts'
import { boxFile, boxOptions, type BoxExtras } from './box-options.ts'
import type { FunctionImage } from '../image.ts'
import { sandboxed } from '../kernel/abandoned.ts'
import type { BoxGroup } from '../kernel/cgroups.ts'
import { gvisorCommand, gvisorOptions, gvisorSpec } from './gvisor.ts'
import { prlimitCommand } from './limits.ts'
import { descriptors, type Pod } from './pod.ts'
import { runtimePlan } from '../runtime/runtimes.ts'

/**
 * Starts what is to run in a prepared box. Our own clients wait on their standard input, for `Pod.handOver`, before
 * they load any code of the function; others begin at once.
 */
export function launchRuntime(
  image: FunctionImage,
  { pod, group }: { readonly pod: Pod; readonly group: BoxGroup | undefined },
  { runtime, tools }: Pick<BoxSurroundings, 'runtime' | 'tools'>,
  { extras, debug }: { readonly extras: BoxExtras; readonly debug: boolean },
): void {
  const plan = runtimePlan(image, debug)
  const file = boxFile(image, extras).content
  if (image.runsc !== undefined) {
    const command = gvisorCommand(tools.bwrap, image.runsc)
    const options = gvisorOptions(image, runtime, extras)
    pod.launch({ command, options, file, spec: gvisorSpec(image, extras, plan.command) })
    return
  }
  const limited = group === undefined ? prlimitCommand(tools.prlimit, image) : []
  const command = [...limited, ...sandboxed(tools.bwrap, descriptors.options), ...plan.command]
  pod.launch({ command, options: boxOptions(image, runtime, extras), file })
}
