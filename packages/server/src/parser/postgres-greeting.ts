import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'

import { readExactly } from './read-exactly.ts'
import { readParameters, requestCodes } from './postgres-messages.ts'

/** What a client in a box asked for at first, and the stream on which it goes on. */
export type Greeting =
  | {
      readonly kind: 'start'
      readonly client: Duplex
      readonly parameters: ReadonlyMap<string, string>
      readonly minor: number
    }
  | { readonly kind: 'cancel'; readonly client: Duplex; readonly key: Buffer }
  | { readonly kind: 'malformed'; readonly client: Duplex }

const maxStartupBytes = 10_000

/**
 * Reads what a client says before it has signed in: TLS where it asks for it, then who it claims to be. Nothing of that
 * is believed: the door signs in as whom the manifest names. Adversary: code in a box.
 */
export async function greet(socket: Socket, context: SecureContext | undefined): Promise<Greeting> {
  let client: Duplex = socket
  for (let round = 0; round < 3; round++) {
    const head = await readExactly(client, 8)
    const length = head?.readUInt32BE(0) ?? 0
    if (head === undefined || length < 8 || length > maxStartupBytes) return { kind: 'malformed', client }
    const code = head.readUInt32BE(4)
    const body = await readExactly(client, length - 8)
    if (body === undefined) return { kind: 'malformed', client }
    if (code === requestCodes.gss) {
      client.write('N')
    } else if (code === requestCodes.ssl) {
      // What was sent before the handshake would be read as if it had come within it.
      if (client !== socket || context === undefined || socket.readableLength > 0) return { kind: 'malformed', client }
      socket.write('S')
      const { TLSSocket } = process.getBuiltinModule('node:tls')
      const within = new TLSSocket(socket, { isServer: true, secureContext: context })
      within.on('error', () => within.destroy())
      client = within
    } else if (code === requestCodes.cancel) {
      return { kind: 'cancel', client, key: body }
    } else {
      const given = code >>> 16 === 3 ? readParameters(body) : undefined
      if (given === undefined) return { kind: 'malformed', client }
      return { kind: 'start', client, parameters: given, minor: code & 0xffff }
    }
  }
  return { kind: 'malformed', client }
}
