// Runs in the network namespace of one box under debug, outside the box itself: joins connections that the server
// accepted on the host's loopback with the inspector inside. Reads none of their bytes.
import { connect, Socket } from 'node:net'

const port = Number(process.argv[2])

// Standard input ends when the server dies or is done with this box.
new Socket({ fd: 0 })
  .on('error', () => process.exit(0))
  .on('end', () => process.exit(0))
  .resume()

process.on('message', (_, debuggerSocket) => {
  const inspector = connect({ host: '127.0.0.1', port })
  for (const [from, to] of [
    [debuggerSocket, inspector],
    [inspector, debuggerSocket],
  ]) {
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
    from.pipe(to)
  }
})
