import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls'

import { Secret } from '@sallyport/core/access'
import { beforeAll, describe, expect, it } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { type Authority, openAuthority } from '../../certificates/index.ts'
import { endings, listen } from '../testing/endings.ts'
import { type Harness, type HarnessOptions, openHarness } from '../testing/harness.ts'

let authority: Authority
beforeAll(async () => {
  const kept = new Map<string, Secret<string>>()
  authority = await openAuthority({
    kind: 'gateway',
    app: 'test',
    permittedNames: ['pinned.example'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
  })
})

/** The example with one more door, which payments may use, or may not. */
async function open(door: string, options: HarnessOptions & { readonly granted?: boolean } = {}): Promise<Harness> {
  const { granted = true, ...rest } = options
  const harness = await openHarness({
    ports: [6379],
    manifest: (text) => {
      const bare = edited(
        'secrets: { stripe-key',
        `  side:\n${door}\nsecrets: { stripe-key`,
        text.slice(0, text.indexOf('only:  ')),
      )
      return granted ? edited('stripe: { charge: any,', 'side: [connect]\n      stripe: { charge: any,', bare) : bare
    },
    ...rest,
  })
  endings.push(() => harness.close())
  return harness
}

async function echo(): Promise<{ port: string; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  endings.push(
    () => server.close(),
    () => sockets.forEach((socket) => socket.destroy()),
  )
  return { port: new URL(await listen(server)).port, sockets }
}

const side = (port: string): string => `    to: tcp://127.0.0.1:6379\n    upstream: tcp://127.0.0.1:${port}`

async function dial(harness: Harness, port: number): Promise<Socket> {
  const socket = connect(harness.tcpPort(port), '127.0.0.1')
  socket.on('error', () => undefined)
  endings.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

describe('a tcp door', () => {
  it('is decided when it connects, and its bytes and end are on record', async () => {
    const upstream = await echo()
    const harness = await open(side(upstream.port))
    const socket = await dial(harness, 6379)
    socket.write('PING')
    expect(String((await once(socket, 'data'))[0])).toBe('PING')
    expect(harness.decisions).toMatchObject([
      {
        effect: 'allow',
        durability: 'synced',
        asked: [{ resource: 'arn:sallyport:door:checkout::side/connect' }],
        upstream: { tls: 'none' },
      },
    ])
    socket.end()
    await expect
      .poll(() => harness.others)
      .toMatchObject([{ outcome: 'done', sentBytes: 4, receivedBytes: 4, durationMs: expect.any(Number) }])
  })

  for (const [how, end, outcome] of [
    ['the invocation', (harness: Harness) => harness.endInvocation(), 'aborted'],
    ['a revocation', (harness: Harness) => harness.revoke(), 'aborted'],
  ] as const) {
    it(`ends with ${how}, on both sides`, async () => {
      const upstream = await echo()
      const harness = await open(side(upstream.port))
      const socket = await dial(harness, 6379)
      socket.resume()
      await expect.poll(() => upstream.sockets).toHaveLength(1)
      await end(harness)
      await once(socket, 'close')
      await expect.poll(() => upstream.sockets[0]?.destroyed || upstream.sockets[0]?.readableEnded).toBe(true)
      await expect.poll(() => harness.others).toMatchObject([{ outcome }])
    })
  }

  for (const [what, options, code] of [
    ['a function that it was not granted to', { granted: false }, 'door.not_granted'],
    ['what comes while no invocation runs', { invocation: false }, 'exit.no_invocation'],
  ] as const) {
    it(`is shut for ${what}, on record`, async () => {
      const upstream = await echo()
      const harness = await open(side(upstream.port), 'granted' in options ? options : {})
      if ('invocation' in options) harness.invocation = undefined
      const socket = await dial(harness, 6379)
      socket.resume()
      await once(socket, 'close')
      expect(harness.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code }] }])
      expect(upstream.sockets).toEqual([])
    })
  }

  it('leads to no other port even where a policy passes over what was refused', async () => {
    const harness = await open('    to: tcp://127.0.0.1:6380\n    upstream: tcp://127.0.0.1:9', {
      rooms: { decide: (asked) => ({ effect: 'allow', id: asked[0].id, asked, reasons: [] }) },
    })
    const socket = await dial(harness, 6379)
    socket.resume()
    await once(socket, 'close')
    expect(harness.lines.join('\n')).toContain('(egress.refusal_ignored)')
  })

  it('leads to no other port, and not into a private network that nobody wrote down', async () => {
    const harness = await open('    to: tcp://127.0.0.1:6380\n    upstream: tcp://127.0.0.1:9')
    const socket = await dial(harness, 6379)
    socket.resume()
    await once(socket, 'close')
    expect(harness.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code: 'door.unlisted' }] }])
    const named = await open('    to: tcp://127.0.0.1:6379\n    upstream: tcp://localhost.example:9')
    const other = await dial(named, 6379)
    other.resume()
    await once(other, 'close')
    await expect.poll(() => named.others).toMatchObject([{ outcome: 'failed' }])
  })
})

describe('an opaque door', () => {
  const opaque = (port: string): string =>
    `    to: https://pinned.example\n    upstream: https://127.0.0.1:${port}\n    opaque: true`

  async function pinned(): Promise<{ port: string; said: string[] }> {
    const said: string[] = []
    const server = createTlsServer(await authority.leafFor(['pinned.example']), (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (part) => {
        said.push(String(part))
        socket.write('from inside')
      })
    })
    endings.push(() => server.close())
    return { port: new URL(await listen(server)).port, said }
  }

  it('passes TLS through by its server name, to a client that trusts nobody but the upstream', async () => {
    const upstream = await pinned()
    const harness = await open(opaque(upstream.port))
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: harness.httpsPort,
      servername: 'pinned.example',
      ca: authority.caPem,
    })
    endings.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    socket.write('a secret of the client')
    expect(String((await once(socket, 'data'))[0])).toBe('from inside')
    expect(upstream.said).toEqual(['a secret of the client'])
    expect(harness.decisions).toMatchObject([
      {
        effect: 'allow',
        upstream: { tls: 'opaque' },
        asked: [{ resource: 'arn:sallyport:door:checkout::side/connect' }],
      },
    ])
    await harness.endInvocation()
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', sentBytes: expect.any(Number) }])
    expect(harness.others[0]).not.toHaveProperty('tls') // nobody here has seen what it is
  })

  it('is no door for HTTP, and other names are answered as before', async () => {
    const upstream = await pinned()
    const harness = await open(opaque(upstream.port))
    const trying = async (servername: string): Promise<string> => {
      const socket = tlsConnect({ host: '127.0.0.1', port: harness.httpsPort, servername, ca: harness.caPem })
      endings.push(() => socket.destroy())
      return Promise.race([
        once(socket, 'secureConnect').then(() => 'open'),
        once(socket, 'close').then(() => 'closed'),
      ]).catch(() => 'failed')
    }
    expect(await trying('api.stripe.com')).toBe('open')
    expect(await trying('evil.example')).toBe('failed')
    expect(await trying('pinned.example')).toBe('failed') // it shows its own certificate, not ours
    const closed = await open(opaque(upstream.port), { granted: false })
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: closed.httpsPort,
      servername: 'pinned.example',
      ca: authority.caPem,
    })
    await once(socket, 'close').catch(() => undefined)
    expect(closed.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code: 'door.not_granted' }] }])
    expect(upstream.said).toEqual([])
  })
})
