// Runs on the host's file system but inside a new, empty network namespace, before any function code is there.
// Opens the listeners and hands them to the server by SCM_RIGHTS; its own copies close when they have arrived.
import { createSocket } from 'node:dgram'
import { createServer, Socket } from 'node:net'

// Standard input ends when the server dies, whatever it was doing. The channel's own `disconnect` does not come
// while a handle that was sent has not been acknowledged.
new Socket({ fd: 0 })
  .on('error', () => process.exit(1))
  .on('end', () => process.exit(1))
  .resume()

const tcp = (name, port, host) =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, backlog: 511 }, () => resolve([name, server]))
  })

const udp = (name, port, address, type) =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type })
    socket.once('error', reject)
    socket.bind({ port, address, exclusive: true }, () => resolve([name, socket]))
  })

// `::` takes IPv4 too. A kernel without IPv6 has only the other.
const everywhere = (open) => open('::', 'udp6').catch(() => open('0.0.0.0', 'udp4'))

const opened = await Promise.all([
  tcp('runtime', 9001, '127.0.0.1'),
  everywhere((host) => tcp('http', 80, host)),
  everywhere((host) => tcp('https', 443, host)),
  everywhere((host, type) => udp('dns', 53, host, type)),
  ...process.argv.slice(2).map((port) => everywhere((host) => tcp(`tcp ${port}`, Number(port), host))),
])

await Promise.all(
  opened.map(
    ([name, handle]) =>
      new Promise((resolve, reject) =>
        process.send(name, handle, {}, (error) => (error === null ? resolve() : reject(error))),
      ),
  ),
)
process.exit(0)
