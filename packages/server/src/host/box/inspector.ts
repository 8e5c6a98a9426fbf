import { spawn } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'

import { inBox } from './in-box.ts'
import type { Pod } from './pod.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'

/** A port of the host's loopback behind which the newest debugged box's inspector answers. */
export interface Inspector {
  /** `127.0.0.1:9229`, or another port where that one is taken. */
  readonly address: string
  /** Leads new connections to this box until it ends. */
  attach(pod: Pod, uid: number | undefined): void
  close(): Promise<void>
}

/**
 * Opens the debugger's port. The box keeps its empty network: the server accepts on the host's loopback and hands
 * each connection to a relay inside the box's network namespace. Whoever may connect to that port controls the
 * function, so the banner and the ledger say `debug`.
 */
export async function openInspector(runtime: RuntimeFolder, tools: Tools): Promise<Inspector> {
  let lead: ((socket: Socket) => void) | undefined
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    if (lead === undefined) socket.destroy()
    else lead(socket)
  })
  const relays = new Set<Promise<unknown>>()
  const port = await listen(server, inBox.debugPort).catch(() => listen(server, 0))
  return {
    address: `127.0.0.1:${port}`,
    attach: (pod, uid) => {
      const relay = spawn(
        tools.nsenter,
        [
          '-t',
          String(pod.pid),
          '-U',
          '--preserve-credentials',
          '-n',
          '--',
          runtime.node,
          runtime.inside('relay.mjs'),
          String(inBox.debugPort),
        ],
        {
          stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
          env: {},
          cwd: '/',
          ...(uid === undefined ? {} : { uid, gid: uid }),
        },
      )
      // When it cannot be started the port refuses, and the box runs on.
      const ended = new Promise((resolve) => relay.once('exit', resolve).once('error', resolve))
      relays.add(ended)
      relay.stdin?.on('error', () => undefined)
      const toThis = (socket: Socket): void => {
        relay.send('debugger', socket, (error) => {
          if (error !== null) socket.destroy() // it has just ended
        })
      }
      lead = toThis
      const leadNoMore = (): void => {
        if (lead === toThis) lead = undefined
      }
      void ended.then(() => {
        leadNoMore()
        return relays.delete(ended)
      })
      void pod.gone.then(() => {
        leadNoMore()
        return relay.stdin?.end()
      })
    },
    close: async () => {
      await Promise.all(relays)
      // Its callback would wait for word of every connection that a relay, gone by now, took over.
      server.close()
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
