import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { afterEach } from 'vitest'

import type { Harness } from './harness.ts'
import { openStripe } from './stripe-door.ts'

/** What ends after each test of the file that imports this, last first. */
export const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

/** The address of a server on loopback, once it listens. */
export async function listen(server: {
  listen(port: number, host: string): unknown
  address(): unknown
}): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server as never, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on an address
}

/** The example's stripe door in front of an upstream. */
export async function open(origin: string, options: Parameters<typeof openStripe>[1] = {}): Promise<Harness> {
  const harness = await openStripe(origin, options)
  endings.push(() => harness.close())
  return harness
}
