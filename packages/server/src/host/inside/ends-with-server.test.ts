import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { afterEach, expect, test } from 'vitest'

import { areComplete, findTools } from '../tools.ts'

// Neither may outlive the server, which may be killed at any moment: the one in the midst of handing over what it
// opened, the other for as long as a debugger is connected.
const listen = fileURLToPath(new URL('./listen.mjs', import.meta.url))
const relay = fileURLToPath(new URL('./relay.mjs', import.meta.url))

let child: ChildProcess
afterEach(() => void child.kill('SIGKILL'))

/** How it ended; a process that stays is not waited for. */
function endOf(one: ChildProcess): Promise<unknown> {
  return Promise.race([once(one, 'exit'), sleep(5_000, ['stayed'], { ref: false })])
}

test('what opens the listeners of a box ends with the server, also while nobody takes them', async () => {
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  const inside = `"${tools.ip}" link set lo up && exec "$0" "$@"`
  const command = ['-U', '-r', '-n', '--', tools.bash, '--norc', '--noprofile', '-c', inside, process.execPath, listen]
  // Its channel is a pipe on which nothing is ever acknowledged.
  child = spawn(tools.unshare, command, { stdio: ['pipe', 'ignore', 'inherit', 'pipe'], env: { NODE_CHANNEL_FD: '3' } })
  await once(child.stdio[3] as NodeJS.ReadableStream, 'data') // 'pipe' above
  const end = endOf(child)
  child.stdin?.end()
  expect(await end).toEqual([1, null])
})

test('the relay of a debugger joins connections, and ends with the server', async () => {
  const inspector = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1')
  const front: Server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  try {
    await Promise.all([once(inspector, 'listening'), once(front, 'listening')])
    const portOf = (server: Server): number => (server.address() as AddressInfo).port // listening on TCP
    child = spawn(process.execPath, [relay, String(portOf(inspector))], { stdio: ['pipe', 'ignore', 'inherit', 'ipc'] })
    front.on('connection', (socket) => void child.send('debugger', socket))
    const debuggerSocket = connect(portOf(front), '127.0.0.1', () => debuggerSocket.write('hello'))
    expect(String((await once(debuggerSocket, 'data'))[0])).toBe('hello')
    const closed = once(debuggerSocket, 'close')
    const end = endOf(child)
    child.stdin?.end()
    expect(await end).toEqual([0, null])
    await closed
  } finally {
    inspector.close()
    front.close()
  }
})
