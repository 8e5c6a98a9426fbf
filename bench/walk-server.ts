import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'

import { readFunctionResult, toApiGatewayEvent } from '../packages/server/src/host/index.ts'
import { newId, nowMs } from '../packages/server/src/operation/index.ts'
import { answer, openGateway } from './walk-gateway.ts'
import { peers } from './walk-peers.ts'

// One server, by argument: `raw` answers a constant, `jose` verifies an ES256 token before it does, `bare`
// makes the event and reads the result, `walk` is the gateway with every room behind it but the box, `dpop` the same
// with tokens that are bound to a key; or one of the peers. All plain HTTP, all with the same answer.

/** Where it listens, and what a client needs. */
interface Served {
  readonly port: number
  readonly token: string
  readonly key?: JWK
  readonly cpuMicros?: () => number
}

async function bare(kind: 'raw' | 'bare'): Promise<Served> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (kind === 'raw') return void response.end('{"ok":true}')
      toApiGatewayEvent({
        routeKey: 'POST /orders/:id',
        method: 'POST',
        path: request.url ?? '',
        query: '',
        headers: new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        pathParameters: { id: '1' },
        body: Buffer.concat(chunks),
        sourceIp: '127.0.0.1',
        requestId: newId(),
        receivedAt: nowMs(),
        transaction: newId(),
      })
      void readFunctionResult(answer).then((result) => {
        response.writeHead(result?.status ?? 500, Object.fromEntries(result?.headers ?? []))
        return response.end(result?.body)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, token: 'none' }
}

/** What most do: the token's signature, at every request, and nothing else. */
async function jose(): Promise<Served> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const token = await new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      void jwtVerify(request.headers.authorization?.slice('Bearer '.length) ?? '', publicKey).then(
        () => response.end('{"ok":true}'),
        () => response.writeHead(401).end(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, token }
}

async function walk(): Promise<Served> {
  const { port, tokenOf } = await openGateway()
  return { port, token: await tokenOf('alice') }
}

/** The client's key goes to the client: proofs are made there. */
async function dpop(): Promise<Served> {
  const { port, tokenOf } = await openGateway()
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = await exportJWK(privateKey)
  return { port, token: await tokenOf('alice', await calculateJwkThumbprint(key)), key }
}

const starts: Readonly<Record<string, () => Promise<Served>>> = {
  raw: () => bare('raw'),
  jose,
  bare: () => bare('bare'),
  walk,
  dpop,
  ...peers,
}
const start = starts[process.argv[2] ?? '']
if (start === undefined) throw new Error(`walk-server: there are ${Object.keys(starts).join(', ')}`)
const { cpuMicros, ...served } = await start()
process.send?.(served)
process.on('message', () =>
  process.send?.(cpuMicros === undefined ? process.cpuUsage() : { user: cpuMicros(), system: 0 }),
)
process.on('disconnect', () => process.exit())
