import type { BoxExtras } from './box-options.ts'
import type { CgroupRoots } from '../kernel/cgroups.ts'
import type { AttachExits, OutputLine } from '../engine.ts'
import type { FunctionImage } from '../image.ts'
import type { StartParser } from './parser-process.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'
import type { Turns } from '../pool/turns.ts'
import type { Uids } from '../uids.ts'

/** Something about a box that the ledger or the operator should hear of. */
export interface BoxEvent {
  readonly kind: 'box-start' | 'box-end' | 'box-breach' | 'box-init-failed' | 'box-inspect'
  readonly functionName: string
  readonly boxId: string
  readonly detail: string
  readonly transaction?: string
  readonly invocation?: string
}

/** What one engine gives to all of its boxes. */
export interface BoxSurroundings {
  readonly engineId: string
  readonly runtime: RuntimeFolder
  readonly tools: Tools
  readonly uids: Uids
  /** A folder of this engine alone, in which boxes that belong to no function yet have theirs. */
  readonly boxFolders: string
  readonly cgroups: CgroupRoots | undefined
  readonly startParser: StartParser
  readonly attachExits: AttachExits
  readonly boxExtras: (image: FunctionImage, boxId: string) => BoxExtras
  readonly onOutput: (line: OutputLine) => void
  readonly onEvent: (event: BoxEvent) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  /** How long a box may be idle before its processes are stopped; ten seconds when absent. */
  readonly freezeAfterMs?: number
  /** Boxes are made and started by turns: a hundred at once would all pass the time that they may take to load. */
  readonly turns: Turns
}
