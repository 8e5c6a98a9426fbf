import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The far side of the hostile app's door: takes every call and keeps what it saw. */
export interface Upstream {
  readonly url: string
  readonly seen: readonly SeenCall[]
  close(): Promise<void>
}

/** One call as it arrived. */
export interface SeenCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** Opens it on a free loopback port. */
export async function openUpstream(): Promise<Upstream> {
  const seen: SeenCall[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"payment_intent"}')
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
