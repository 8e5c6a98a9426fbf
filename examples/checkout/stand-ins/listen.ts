import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One call as a stand-in saw it: what a control compares with. */
export interface SeenCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** The status it was answered with. */
  readonly status: number
}

/** What a stand-in answers. */
export interface StandInAnswer {
  readonly status: number
  readonly body: unknown
}

/** A stand-in that listens on loopback. */
export interface StandIn {
  readonly url: string
  readonly seen: readonly SeenCall[]
  close(): Promise<void>
}

/**
 * Serves `answer` on 127.0.0.1 and keeps what it saw. `preferredPort` is the one that the manifest names;
 * another one is taken where that is in use, and the caller passes its address on.
 */
export async function listen(
  preferredPort: number,
  answer: (call: Omit<SeenCall, 'status'>) => StandInAnswer,
): Promise<StandIn> {
  const seen: SeenCall[] = []
  const server = createServer((request, response) => {
    receive(request).then(
      (call) => {
        const { status, body } = answer(call)
        seen.push({ ...call, status })
        send(response, status, body)
      },
      (cause: unknown) => response.destroy(cause instanceof Error ? cause : undefined),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    server.listen(preferredPort, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a server that listens on TCP has this form of address
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const maxBodyBytes = 1024 * 1024

async function receive(request: IncomingMessage): Promise<Omit<SeenCall, 'status'>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error('stand-in: body over 1 MiB')
    chunks.push(chunk)
  }
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value[0] : value
  const path = new URL(request.url ?? '/', 'http://stand-in').pathname
  return { method: request.method ?? 'GET', path, headers, body: Buffer.concat(chunks).toString() }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${Date.now()}` })
  response.end(JSON.stringify(body))
}
