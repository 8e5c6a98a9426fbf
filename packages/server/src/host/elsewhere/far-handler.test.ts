import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSeenOnce, createTicketVerifier } from '@sallyport/core/identity'
import { beforeAll, describe, expect, it } from 'vitest'

import { farArn, ticketKey } from '../testing/far-side.ts'
import { httpEngine, remote } from '../testing/http-engine.ts'
import { invocationOf } from '../testing/make-engine.ts'

describe('the far side', () => {
  const audience = farArn('probe')
  let key: Awaited<ReturnType<typeof ticketKey>>
  beforeAll(async () => {
    key = await ticketKey()
  })

  /** The five lines that a function elsewhere writes, for a server that hands out web requests. */
  function fetchHandler(): (request: Request) => Promise<Response> {
    const tickets = createTicketVerifier({
      issuer: 'spiffe://app',
      keys: { keys: [key.jwk] },
      audience,
      codeDigest: 'v1',
      used: { shared: false, ...createSeenOnce(1_000) },
      nowSeconds: () => Date.now() / 1_000,
    })
    return async (request) => {
      const bytes = new Uint8Array(await request.arrayBuffer())
      const verdict = await tickets.verify(request.headers.get('sallyport-ticket') ?? undefined, bytes)
      if (verdict.kind === 'refused') return new Response(verdict.code, { status: 401 })
      return Response.json({ for: verdict.claims.user ?? 'nobody', event: JSON.parse(new TextDecoder().decode(bytes)) })
    }
  }

  /** The same handler behind node:http. */
  async function serve(
    handler: (request: Request) => Promise<Response>,
    seen: Request[],
  ): Promise<{ url: string; close: () => void }> {
    const server = createServer((incoming, outgoing) => {
      void incoming.toArray().then(async (chunks) => {
        const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
        const request = new Request(`http://x${incoming.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) })
        seen.push(request.clone())
        const answer = await handler(request)
        outgoing.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text())
        return undefined
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() }
  }

  it('serves whom the engine sends, and nobody without a ticket, with a used one or with another body', async () => {
    const seen: Request[] = []
    const handler = fetchHandler()
    const { url, close } = await serve(handler, seen)
    const { engine, close: closeEngine } = httpEngine(key.signTicket)
    await engine.deploy([remote(url)])
    const result = await engine.invoke(invocationOf({ a: 1 }))
    expect(result, 'control').toMatchObject({ kind: 'response', body: Buffer.from('{"for":"nobody","event":{"a":1}}') })
    const [sent] = seen
    if (sent === undefined) throw new Error('nothing arrived')
    const direct = async (headers: Record<string, string>, body: string): Promise<string> => {
      const answer = await fetch(url, { method: 'POST', headers, body })
      return `${answer.status} ${await answer.text()}`
    }
    expect(await direct({}, '{"a":1}')).toBe('401 ticket.missing')
    const ticket = sent.headers.get('sallyport-ticket') ?? ''
    expect(await direct({ 'sallyport-ticket': ticket }, '{"a":1}')).toBe('401 ticket.replayed')
    expect(await direct({ 'sallyport-ticket': ticket }, '{"a":2}')).toBe('401 ticket.body')
    await engine.deploy([remote(url, { version: 'v2' })])
    expect(await engine.invoke(invocationOf({ a: 1 }))).toMatchObject({
      code: 'function.ticket_refused',
      message: expect.stringContaining('ticket.code'),
    })
    await closeEngine()
    close()
  })
})
