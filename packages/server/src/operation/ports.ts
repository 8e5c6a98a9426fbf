import { once } from 'node:events'
import { createServer } from 'node:net'

/** Listens on a loopback port for a moment. Rejects as listening on it for good would: with EADDRINUSE, EACCES. */
export async function tryPort(port: number): Promise<void> {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen({ port, host: '127.0.0.1' })
  await listening
  server.close()
  await once(server, 'close')
}
