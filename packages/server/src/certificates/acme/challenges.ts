import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a certificate authority may fetch while an order is open (RFC 8555 §8.3). */
export interface Challenges {
  readonly port: number
  readonly publish: (token: string, text: string) => void
  readonly close: () => Promise<void>
}

const path = '/.well-known/acme-challenge/'

/**
 * Opens a plain HTTP port that answers with published tokens, and with 404 to everything else. One that was handed over
 * as a descriptor can be closed once and for all only, so it goes on and publishes nothing between orders.
 */
export async function openChallenges(host: string, port: number, descriptor?: number): Promise<Challenges> {
  const kept = descriptor === undefined ? undefined : handed.get(descriptor)
  const texts = kept?.texts ?? new Map<string, string>()
  const server = kept?.server ?? serve(texts)
  if (descriptor !== undefined) handed.set(descriptor, { server, texts })
  if (kept === undefined) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(descriptor === undefined ? { host, port } : { fd: descriptor }, resolve)
    })
    if (descriptor !== undefined) server.unref() // it is no reason to go on
  }
  return {
    port: (server.address() as AddressInfo).port, // listening on TCP, so it is one
    publish: (token, text) => void texts.set(token, text),
    close: async () => {
      texts.clear()
      if (descriptor === undefined) await closed(server)
    },
  }
}

const handed = new Map<number, { readonly server: Server; readonly texts: Map<string, string> }>()

function serve(texts: ReadonlyMap<string, string>): Server {
  const server = createServer(
    { maxHeaderSize: 8_192, headersTimeout: 5_000, requestTimeout: 5_000 },
    (message, response) => {
      const { method, url = '' } = message
      const text = method === 'GET' && url.startsWith(path) ? texts.get(url.slice(path.length)) : undefined
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain', connection: 'close' })
      response.end(text)
    },
  )
  server.maxConnections = 64
  return server
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
