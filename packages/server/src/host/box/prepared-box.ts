import { SallyportError } from '@sallyport/core/access'

import type { BoxSurroundings } from './box-surroundings.ts'
import { type BoxGroup, createBoxGroup } from '../kernel/cgroups.ts'
import type { FunctionImage } from '../image.ts'
import { limitsOf } from './limits.ts'
import { createPod, type Pod } from './pod.ts'

/** Everything of a box that does not wait for work: made ahead of need, used once. */
export interface PreparedBox {
  readonly id: string
  readonly pod: Pod
  readonly group: BoxGroup | undefined
}

/** Prepares a box of this function, under its uid. Joining control groups alone takes the kernel some 10 ms. */
export async function prepareBox(
  image: FunctionImage,
  uid: number | undefined,
  around: BoxSurroundings,
): Promise<PreparedBox> {
  const id = Buffer.from(around.random(8)).toString('hex')
  const endTurn = await around.turns.take()
  const { runtime, tools } = around
  const ports = image.ports ?? []
  const filtered = image.runsc === undefined
  const pod = await createPod({ runtime, tools, ports, filtered, ...(uid === undefined ? {} : { uid }) }).finally(
    endTurn,
  )
  try {
    const group = around.cgroups && createBoxGroup(around.cgroups, around.engineId, id, limitsOf(image))
    if (group === undefined && !filtered)
      throw new SallyportError('host.isolation_unavailable', "without control groups nothing bounds gVisor's memory")
    group?.add(pod.pid)
    return { id, pod, group }
  } catch (error) {
    pod.kill()
    await pod.gone
    throw error
  }
}

/** Ends a prepared box that is not wanted. */
export async function discardBox({ pod, group }: PreparedBox): Promise<void> {
  pod.kill()
  await pod.gone
  if (group !== undefined) await removeGroup(group)
}

/** The kernel counts a process in its groups until it is reaped, which may be a moment after it has ended. */
export async function removeGroup(group: BoxGroup): Promise<void> {
  for (let waitMs = 1; waitMs < 1_000 && !group.remove(); waitMs *= 2) {
    group.kill() // whoever is still in there has lost its box
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
