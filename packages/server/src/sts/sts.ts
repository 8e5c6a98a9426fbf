import type { KeyStore } from './rotation.ts'
import { openTickets, type Tickets } from './tickets.ts'

/** What is published for anybody, as an answer of the gateway: no secret is in it, and caches may keep it. */
export interface PublishedDocument {
  readonly status: 200
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** What vouches for functions: their tickets, and the documents by which others verify them. */
export interface Sts {
  readonly signTicket: Tickets['sign']
  /** The document at a path of the gateway, if one is published there. */
  readonly document: (path: string) => PublishedDocument | undefined
  /** Ends the rotation of keys. */
  readonly close: () => void
}

const lookEveryMs = 3_600_000
/** How long caches may keep what is published: much shorter than a new key is published before it signs. */
const maxAgeSeconds = 300

/** Opens the keys of an app, and lets them follow one another. */
export async function openSts(options: {
  readonly app: string
  readonly store: KeyStore
  readonly nowMs: () => number
  /** Told why a key could not be made; the present one goes on. */
  readonly onTrouble: (cause: unknown) => void
}): Promise<Sts> {
  const tickets = await openTickets(options)
  const look = setInterval(() => void tickets.advance().catch(options.onTrouble), lookEveryMs).unref()
  const documents = new Map<string, () => PublishedDocument>([
    ['/.well-known/sallyport/tickets', () => keySet(tickets.keys())],
  ])
  return {
    signTicket: tickets.sign,
    document: (path) => documents.get(path)?.(),
    close: () => clearInterval(look),
  }
}

function keySet(keys: readonly object[]): PublishedDocument {
  return {
    status: 200,
    headers: [
      ['content-type', 'application/jwk-set+json'],
      ['cache-control', `public, max-age=${maxAgeSeconds}`],
    ],
    body: Buffer.from(`${JSON.stringify({ keys })}\n`),
  }
}
