import { createHmac, pbkdf2Sync } from 'node:crypto'
import { createServer, type Socket } from 'node:net'

import { message, readExactly, requestCodes } from '../../parser/index.ts'
import { endings, listen } from './endings.ts'

/** A server that signs clients in by SCRAM-SHA-256 (RFC 7677) and remembers who asked for what. */
export interface FakePostgres {
  readonly port: string
  /** `start`, or `cancel` and the key in hexadecimal, for each connection that said either. */
  readonly asked: string[]
  /** With which parameters sessions began. */
  readonly started: string[]
  readonly sockets: Socket[]
}

/** What it gives each session to be cancelled by. */
export const sessionKey: Buffer = Buffer.from('0000002a0badcafe', 'hex')

const salt = Buffer.from('salt')

/** `beforeReady` happens when a client has proved its password, before it hears so. */
export async function openFakePostgres(password: string, beforeReady?: () => unknown): Promise<FakePostgres> {
  const asked: string[] = []
  const started: string[] = []
  const sockets: Socket[] = []

  async function serve(socket: Socket): Promise<void> {
    const head = await readExactly(socket, 8)
    const body = head && (await readExactly(socket, head.readUInt32BE(0) - 8))
    if (head === undefined || body === undefined) return
    if (head.readUInt32BE(4) === requestCodes.cancel) return void asked.push(`cancel ${body.toString('hex')}`)
    asked.push('start')
    started.push(body.toString())
    socket.write(authentication(10, 'SCRAM-SHA-256\0\0'))
    const clientFirst = await said(socket)
    const bare = clientFirst.slice(clientFirst.indexOf('n=,r='))
    const first = `${bare.slice('n=,'.length)}server,s=${salt.toString('base64')},i=4096`
    socket.write(authentication(11, first))
    const withoutProof = (await said(socket)).replace(/,p=.*$/, '')
    await beforeReady?.()
    const serverKey = hmac(pbkdf2Sync(password, salt, 4096, 32, 'sha256'), 'Server Key')
    const signature = hmac(serverKey, `${bare},${first},${withoutProof}`).toString('base64')
    socket.write(
      Buffer.concat([
        authentication(12, `v=${signature}`),
        authentication(0),
        message('K', sessionKey),
        message('Z', Buffer.from('I')),
      ]),
    )
  }

  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    void serve(socket)
  })
  endings.push(
    () => server.close(),
    () => sockets.forEach((socket) => socket.destroy()),
  )
  return { port: new URL(await listen(server)).port, asked, started, sockets }
}

async function said(socket: Socket): Promise<string> {
  const head = await readExactly(socket, 5)
  return String((head && (await readExactly(socket, head.readUInt32BE(1) - 4))) ?? '')
}

function authentication(code: number, rest = ''): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(code)
  return message('R', Buffer.concat([head, Buffer.from(rest)]))
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
