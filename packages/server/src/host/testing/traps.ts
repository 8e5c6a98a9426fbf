import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type { FunctionImage } from '../image.ts'
import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from './make-engine.ts'

/** One probe function, deployed in a box and at hand outside of it, and listeners that no box may ever reach. */
export interface Trap {
  readonly under: EngineUnderTest
  /** A folder of the host that boxes do not see. */
  readonly folder: string
  /** A word that must not get out of where it is. */
  readonly secret: string
  /** The positive control: the same probe in this process. */
  outside(event: object): Promise<unknown>
  readonly canary: { hits: number; readonly port: number; readonly abstractPath: string }
  close(): Promise<void>
}

/** Sets the trap; `image` changes the function in it. */
export async function openTrap(image: Partial<FunctionImage> = {}): Promise<Trap> {
  const folder = openFolder()
  const secret = `canary-${randomBytes(8).toString('hex')}`
  const probes = codeFolder(folder)
  const module = (await import(pathToFileURL(join(probes, 'index.mjs')).href)) as { handler: Trap['outside'] }
  const under = await makeEngine()
  await under.deploy({ codeDir: probes, environment: { PLAIN: secret }, ...image })
  const canary = { hits: 0, port: 0, abstractPath: `sallyport-${secret}` }
  const servers: Server[] = []
  for (const where of [{ host: '::', port: 0 }, { path: `\0${canary.abstractPath}` }]) {
    const server = createServer((socket) => {
      canary.hits += 1
      socket.on('error', () => socket.destroy())
      socket.end('canary')
    })
    await new Promise<void>((resolve) => server.listen(where, resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) canary.port = address.port
    servers.push(server)
  }
  return {
    under,
    folder,
    secret,
    outside: (event) => module.handler(event),
    canary,
    close: async () => {
      await under.close()
      for (const server of servers) server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
