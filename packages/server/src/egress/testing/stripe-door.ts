import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { type Harness, type HarnessOptions, openHarness } from './harness.ts'

/** One request as an upstream saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  body: string
}

/** An upstream on loopback that remembers, and answers as it is told. */
export interface PlainUpstream {
  readonly origin: string
  readonly seen: Seen[]
  answer: (response: ServerResponse, one: Seen) => void
  close(): Promise<void>
}

export async function startUpstream(): Promise<PlainUpstream> {
  const server = createServer((message, response) => {
    const one: Seen = { method: message.method ?? '', url: message.url ?? '', headers: message.headers, body: '' }
    message.on('data', (part) => (one.body += String(part)))
    message.on('end', () => {
      upstream.seen.push(one)
      upstream.answer(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream: PlainUpstream = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on an address
    seen: [],
    answer: (response) => response.setHeader('content-type', 'application/json').end('{"id":"pi_1"}'),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

export interface StripeOptions extends HarnessOptions {
  /** The charge in its long form. */
  readonly charge?: string
  readonly add?: string
  /** Further lines of the door. */
  readonly more?: string
}

/** The example's stripe door with other options of its charge, and with other things that it adds. */
export function openStripe(
  origin: string,
  { charge = 'POST /v1/payment_intents', add = oldAdd, more = '', ...options }: StripeOptions = {},
): Promise<Harness> {
  return openHarness({
    upstream: origin,
    manifest: (text) =>
      edited(
        'ops: { charge: POST /v1/payment_intents, refund: POST /v1/refunds }',
        `ops: { charge: ${charge}, refund: POST /v1/refunds }${more}`,
        edited(oldAdd, add, text.slice(0, text.indexOf('only:  '))),
      ),
    ...options,
  })
}

const oldAdd = 'add: { authorization: "Bearer {stripe-key}" }'
