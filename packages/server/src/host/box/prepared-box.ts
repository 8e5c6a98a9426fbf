import type { Server, Socket } from 'node:net'

import { SallyportError } from '@sallyport/core/access'

import { blankImage, type BoxKind, makeCodeFolder } from './blank.ts'
import type { BoxSurroundings } from './box-surroundings.ts'
import { type BoxGroup, createBoxGroup } from '../kernel/cgroups.ts'
import { inSpawnTurn } from '../kernel/spawn-turns.ts'
import type { FunctionImage } from '../image.ts'
import { limitsOf } from './limits.ts'
import { launchRuntime } from './launch.ts'
import { type BoxParser, parserLimits } from './parser-process.ts'
import { createPod, type Pod } from './pod.ts'
import { runtimePlan } from '../runtime/runtimes.ts'

/** What a runtime takes of a processor until it waits; others may begin then. */
const bootMs = 100
/** As one of so many weighs what is made ahead of need: whoever is at work goes first, where processors are short. */
export const madeAhead = 8

/** Everything of a box that does not wait for work: made ahead of need, used once. */
export interface PreparedBox {
  readonly id: string
  readonly pod: Pod
  /** Of this box alone; it has the listeners of its doors already. */
  readonly parser: BoxParser
  /** The control groups of the box, and of its parser. */
  readonly group: BoxGroup | undefined
  readonly parserGroup: BoxGroup | undefined
  /** True once its runtime has been started, and waits. */
  readonly launched?: true
  /** What its runtime opened meanwhile; the first is the runtime's own. */
  readonly connections?: () => readonly Socket[]
  /** Of one that was made for no function. */
  readonly blank?: Blank
}

/** What a box that was made for no function has of its own until it ends. */
export interface Blank {
  /** What it trusts at its doors, since its start. */
  readonly caPem: string
  /** Puts the code of its function into it. */
  readonly fill: (codeDir: string) => Promise<void>
  /** Gives back its uid and folder. Call it when nothing of the box runs any more. */
  readonly release: () => Promise<void>
}

/**
 * Prepares a box of this function, under its uid and in its control groups from the start. It is one of `among` that
 * weigh as one, from the start too: to make a box costs more than many a call.
 */
export async function prepareBox(
  image: FunctionImage,
  uid: number | undefined,
  around: BoxSurroundings,
  among = 1,
): Promise<PreparedBox> {
  const id = Buffer.from(around.random(8)).toString('hex')
  const endTurn = await around.turns.take()
  const { runtime, tools } = around
  const ports = image.ports ?? []
  const filtered = image.runsc === undefined
  try {
    const group = around.cgroups && createBoxGroup(around.cgroups, around.engineId, id, limitsOf(image))
    if (group === undefined && !filtered)
      throw new SallyportError('host.isolation_unavailable', "without control groups nothing bounds gVisor's memory")
    group?.share(among)
    const own = uid === undefined ? {} : { uid }
    const entrances = group?.entrances ?? []
    // It starts while the pod is made, and takes no longer.
    const { parser, parserGroup } = await parserOf(id, uid, around, among)
    const undo = async (error: unknown): Promise<never> => {
      await endParser(parser, parserGroup)
      if (group !== undefined) await removeGroup(group)
      throw error
    }
    const pod = await createPod({ runtime, tools, ports, filtered, entrances, ...own }).catch(undo)
    await parser.serve(pod.listeners).catch(async (error: unknown) => {
      pod.kill()
      await pod.gone
      return undo(error)
    })
    // Nobody else has the listeners of its doors.
    void parser.gone.then(() => pod.kill())
    return { id, pod, parser, group, parserGroup }
  } finally {
    endTurn()
  }
}

async function parserOf(
  id: string,
  uid: number | undefined,
  { startParser, cgroups, engineId }: BoxSurroundings,
  among: number,
): Promise<Pick<PreparedBox, 'parser' | 'parserGroup'>> {
  const parserGroup = cgroups && createBoxGroup(cgroups, engineId, `${id}-parser`, parserLimits)
  parserGroup?.share(among)
  const entrances = parserGroup?.entrances ?? []
  const place = { entrances, ...(uid === undefined ? {} : { uid }) }
  return { parser: await inSpawnTurn(() => startParser(place)), parserGroup }
}

/** Ends the parser of a box that is gone, or is not to be. */
export async function endParser(parser: BoxParser, group: BoxGroup | undefined): Promise<void> {
  parser.kill()
  await parser.gone
  if (group !== undefined) await removeGroup(group)
}

/**
 * Starts the runtime of a prepared box ahead of need. It waits there, without a key, a door or any code loaded, until
 * `startBox` gives it what it waits for. Runtimes that cannot wait stay as they are: they would ask for work at once.
 */
export async function prestart(
  image: FunctionImage,
  prepared: PreparedBox,
  around: BoxSurroundings,
): Promise<PreparedBox> {
  if (!runtimePlan(image, false).ownClient) return prepared
  const endTurn = await around.turns.take()
  setTimeout(endTurn, bootMs).unref()
  const connections = holdConnections(prepared.pod.listeners.runtime)
  launchRuntime(image, prepared, around, { extras: around.boxExtras(image, prepared.id), debug: false })
  return { ...prepared, launched: true, connections }
}

/**
 * Makes a box that belongs to no function, and starts its runtime, which waits as that of `prestart` does: with an
 * empty folder for code, under a uid of its own, and without a variable or a key of any function. `startBox` assigns
 * it, once. `caPem` is what every box trusts.
 */
export async function prepareBlank(kind: BoxKind, caPem: string, around: BoxSurroundings): Promise<PreparedBox> {
  const { uid, giveBack } = around.uids.lend()
  const ended = [giveBack] as (() => unknown)[]
  const release = async (): Promise<void> => {
    for (const end of ended.splice(0)) await end()
  }
  try {
    const folder = await makeCodeFolder(around.boxFolders, Buffer.from(around.random(8)).toString('hex'))
    ended.push(() => folder.remove())
    const image = blankImage(kind, folder.path)
    const prepared = await prepareBox(image, uid, around, madeAhead)
    const endTurn = await around.turns.take()
    setTimeout(endTurn, bootMs).unref()
    const connections = holdConnections(prepared.pod.listeners.runtime)
    launchRuntime(image, prepared, around, { extras: { environment: {}, caPem }, debug: false })
    return { ...prepared, launched: true, connections, blank: { caPem, fill: folder.fill, release } }
  } catch (error) {
    await release()
    throw error
  }
}

/** Keeps what connects until its runtime API is served. Only our own client runs there before that. */
function holdConnections(listener: Server): () => readonly Socket[] {
  const held: Socket[] = []
  const hold = (socket: Socket): void => void held.push(socket.on('error', () => socket.destroy()))
  listener.on('connection', hold)
  return () => {
    listener.off('connection', hold)
    return held
  }
}

/** Ends a prepared box that is not wanted. */
export async function discardBox(
  { id, pod, parser, group, parserGroup, launched, connections, blank }: PreparedBox,
  around: BoxSurroundings,
): Promise<void> {
  // The door was told of a box that launched for a function, and forgets it as it does any other.
  const nothing = { functionName: '', current: () => undefined, onFault: () => undefined }
  if (launched && blank === undefined) around.attachExits({ boxId: id, channel: parser.channel, ...nothing }).close()
  pod.kill()
  await pod.gone
  for (const socket of connections?.() ?? []) socket.destroy() // also those that came until it was gone
  await endParser(parser, parserGroup)
  if (group !== undefined) await removeGroup(group)
  await blank?.release()
}

/** The kernel counts a process in its groups until it is reaped, which may be a moment after it has ended. */
export async function removeGroup(group: BoxGroup): Promise<void> {
  for (let waitMs = 1; waitMs < 1_000 && !group.remove(); waitMs *= 2) {
    group.kill() // whoever is still in there has lost its box
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
