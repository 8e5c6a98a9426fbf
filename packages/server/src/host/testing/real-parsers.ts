import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { type BoxParser, startParser } from '../box/parser-process.ts'
import { prepareRuntimeFolder } from '../box/runtime-folder.ts'
import { openFolder } from './make-engine.ts'
import { areComplete, findTools } from '../tools.ts'
import type { DoorListeners } from '../../parser/index.ts'

/** Parsers in processes of their own, sandbox and all, for a harness: see `HarnessOptions.channelTo`. */
export interface RealParsers {
  readonly channelTo: (listeners: DoorListeners) => Promise<Duplex>
  readonly started: BoxParser[]
  close(): Promise<void>
}

export async function realParsers(): Promise<RealParsers> {
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const folder = openFolder()
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const started: BoxParser[] = []
  return {
    started,
    channelTo: async (listeners) => {
      const parser = startParser(runtime, tools, {
        entrances: [],
        ...(process.getuid?.() === 0 ? { uid: 210_997 } : {}),
      })
      started.push(parser)
      await parser.serve(listeners)
      return parser.channel
    },
    close: async () => {
      for (const parser of started) {
        parser.kill()
        await parser.gone
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
