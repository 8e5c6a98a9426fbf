import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { fromFunctionResult, toApiGatewayEvent } from '../packages/server/src/host/index.ts'
import { newId, nowMs } from '../packages/server/src/operation/index.ts'
import { answer, openGateway } from './walk-gateway.ts'

// One of three servers, by argument: `raw` answers a constant, `bare` makes the event and reads the result,
// `walk` is the gateway with every room behind it but the box. All plain HTTP, all with the same function.

async function bare(kind: 'raw' | 'bare'): Promise<{ port: number; token: string }> {
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
      const result = fromFunctionResult(answer)
      response.writeHead(result?.status ?? 500, Object.fromEntries(result?.headers ?? []))
      response.end(result?.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, token: 'none' }
}

async function walk(): Promise<{ port: number; token: string }> {
  const { port, tokenOf } = await openGateway()
  return { port, token: await tokenOf('alice') }
}

const kind = process.argv[2]
process.send?.(kind === 'walk' ? await walk() : await bare(kind === 'raw' ? 'raw' : 'bare'))
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit())
