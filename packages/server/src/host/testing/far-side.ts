import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSeenOnce, createTicketVerifier, signTicket, type TicketClaims } from '@sallyport/core/identity'
import { exportJWK, generateKeyPair, type JWK } from 'jose'

import { openPlace, type Place } from './far-place.ts'

/** A machine elsewhere that runs probes for whoever brings a ticket, as a platform of its own would. */
export interface FarSide {
  readonly origin: string
  /** Puts a version of a function into service there, beside its older ones. */
  publish(name: string, version: string): void
  /** What it answered, newest last. */
  readonly answered: { readonly status: number; readonly text: string }[]
  close(): Promise<void>
}

/** Whose tickets it takes. */
export const farIssuer = 'spiffe://app'

/** The key of a server whose tickets the far side knows, and what signs with it. */
export async function ticketKey(): Promise<{
  readonly jwk: JWK
  readonly signTicket: (claims: TicketClaims) => Promise<string>
}> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'n1', alg: 'EdDSA' }
  return { jwk, signTicket: (claims) => signTicket({ issuer: farIssuer, keyId: 'n1', privateKey }, claims) }
}

/** The ARN of a probe function elsewhere. */
export function farArn(name: string): string {
  return `arn:sallyport:function:app:test:${name}`
}

/** Starts it on loopback. `POST /NAME` runs that function. */
export async function startFarSide(jwk: JWK): Promise<FarSide> {
  const places = new Map<string, Map<string, Place>>()
  const used = new Map<string, ReturnType<typeof createSeenOnce>>()
  const answered: FarSide['answered'] = []
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => answer(response, 500, { errorMessage: String(error) }))
  })

  /** The newest version that the ticket is for. */
  async function placeFor(
    name: string,
    ticket: string | undefined,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Place | string> {
    let refusal = 'ticket.audience'
    for (const [version, place] of [...(places.get(name) ?? [])].toReversed()) {
      const memory = used.get(name) ?? createSeenOnce(1_000)
      used.set(name, memory)
      const verifier = createTicketVerifier({
        issuer: farIssuer,
        keys: { keys: [jwk] },
        audience: farArn(name),
        codeDigest: version,
        used: { shared: true, ...memory },
        nowSeconds: () => Date.now() / 1_000,
      })
      const verdict = await verifier.verify(ticket, body)
      if (verdict.kind === 'accepted') return place
      refusal = verdict.code
    }
    return refusal
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const ticket = request.headers['sallyport-ticket']
    const place = await placeFor((request.url ?? '').slice(1), ticket?.toString(), body)
    if (typeof place === 'string') return answer(response, 401, place)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const deadline = Number(request.headers['sallyport-deadline-ms'])
    const { value, failure } = await place.run(JSON.parse(body.toString('utf8')), deadline, gone.signal)
    if (failure !== undefined) return answer(response, 500, failure)
    return value === undefined ? answer(response, 502, 'its process ended') : answer(response, 200, value)
  }

  function answer(response: ServerResponse, status: number, value: unknown): void {
    const text = JSON.stringify(value)
    answered.push({ status, text: text.slice(0, 200) })
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    publish: (name, version) => {
      const versions = places.get(name) ?? new Map<string, Place>()
      places.set(name, versions)
      if (!versions.has(version)) versions.set(version, openPlace(version))
    },
    answered,
    close: async () => {
      for (const versions of places.values()) for (const place of versions.values()) place.end()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
