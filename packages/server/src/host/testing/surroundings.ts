import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { BoxSurroundings } from '../box/box-surroundings.ts'
import { startParser } from '../box/parser-process.ts'
import { findCgroups, removeEngineGroups } from '../kernel/cgroups.ts'
import { prepareRuntimeFolder } from '../box/runtime-folder.ts'
import { createTurns } from '../pool/turns.ts'
import { areComplete, findTools } from '../tools.ts'
import { assignUids } from '../uids.ts'

/** What an engine gives its boxes, for boxes that a test or a bench makes one by one. */
export interface TestSurroundings extends BoxSurroundings {
  /** What the doors heard: `opened for BOX`, `closed for BOX`. */
  readonly doors: string[]
  /** Removes the control groups; call it when every box is gone. */
  readonly close: () => void
}

/** Opens them in a folder that any uid can reach, with doors that lead nowhere. */
export async function openSurroundings(folder: string): Promise<TestSurroundings> {
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const cgroups = findCgroups()
  const engineId = `sallyport-${process.pid}-${randomBytes(4).toString('hex')}`
  const doors: string[] = []
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  return {
    doors,
    close: () => {
      if (cgroups !== undefined) removeEngineGroups(cgroups, engineId)
    },
    engineId,
    runtime,
    tools,
    uids: assignUids({ first: 210_900, count: 90 }, process.getuid?.() === 0),
    boxFolders: folder,
    cgroups,
    startParser: (place) => startParser(runtime, tools, place),
    attachExits: ({ boxId }) => {
      doors.push(`opened for ${boxId}`)
      return { endInvocation: () => Promise.resolve(), close: () => void doors.push(`closed for ${boxId}`) }
    },
    boxExtras: () => ({ environment: {}, caPem: '' }),
    onOutput: () => undefined,
    onEvent: () => undefined,
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    turns: createTurns(8, 1_000),
  }
}

/** Command lines of a process and all below it. */
export function commandsBelow(pid: number): readonly string[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return [readFileSync(`/proc/${pid}/cmdline`, 'latin1'), ...children.flatMap(commandsBelow)]
}
