import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of loopback that was free a moment ago, for a program that cannot be asked to choose. It is below those that
 * the kernel gives to connections, of which the suites beside this one make thousands.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue // somebody has it
    }
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
