import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// The upstream of `egress`, a process of its own as any upstream is, so that a call without a door wakes it, too.

const upstream = createServer((message, response) => {
  message.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"id":"pi_1"}'))
})
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')
process.send?.((upstream.address() as AddressInfo).port) // it listens on an address, not on a pipe
process.on('disconnect', () => process.exit())
