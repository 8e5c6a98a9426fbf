import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a certificate authority may fetch while an order is open (RFC 8555 §8.3). */
export interface Challenges {
  readonly port: number
  readonly publish: (token: string, text: string) => void
  readonly close: () => Promise<void>
}

const path = '/.well-known/acme-challenge/'

/** Opens a plain HTTP port that answers with published tokens, and with 404 to everything else. */
export async function openChallenges(host: string, port: number): Promise<Challenges> {
  const texts = new Map<string, string>()
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
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port, // listening on TCP, so it is one
    publish: (token, text) => void texts.set(token, text),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
