import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

import aws4 from 'aws4'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { endings } from '../testing/endings.ts'
import { type Harness, type HarnessOptions, openHarness } from '../testing/harness.ts'

vi.setConfig({ testTimeout: 60_000 })

let upstream: string
let forwarded: number
beforeEach(async () => {
  forwarded = 0
  const server = createServer((message, response) => {
    forwarded += 1
    message.resume().once('end', () => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on an address
})

async function open(options: HarnessOptions = {}): Promise<Harness> {
  const harness = await openHarness({ functionName: 'orders', tableEndpoint: () => upstream, ...options })
  endings.push(() => harness.close())
  return harness
}

interface Call {
  readonly service?: string
  readonly method?: string
  readonly path?: string
  readonly operation?: string
  readonly body?: string
  readonly key?: string
}

const row = JSON.stringify({ TableName: 'Orders', Key: { customer: { S: 'alice' }, id: { S: 'o1' } } })

/** Calls as the function's own client would, signed with what its box was given. */
async function call(harness: Harness, asked: Call = {}): Promise<readonly [status: number, code: unknown]> {
  const { service = 'dynamodb', method = 'POST', path = '/', operation = 'GetItem', body = row, key } = asked
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = harness.environment
  const signed = aws4.sign(
    {
      method,
      path,
      service,
      host: 'any.aws.internal',
      region: 'us-east-1',
      body,
      headers: { 'X-Amz-Target': `DynamoDB_20120810.${operation}`, 'Content-Type': 'application/x-amz-json-1.0' },
    },
    {
      accessKeyId: key ?? AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: AWS_SESSION_TOKEN ?? '',
    },
  )
  const sent = request({
    host: '127.0.0.1',
    port: harness.httpPort,
    method,
    path,
    headers: signed.headers as Record<string, string>,
  })
  sent.end(body)
  const [answer] = await once(sent, 'response')
  answer.resume()
  return [answer.statusCode, harness.decisions.at(-1)?.reasons[0]?.code]
}

describe('the AWS door', () => {
  it('lets through what is signed, known and granted', async () => {
    expect(await call(await open())).toEqual([200, 'policy.allow'])
    expect(forwarded).toBe(1)
  })

  for (const [what, asked, code] of [
    ['a key that is none of this box', { key: 'SPBX0000' }, 'aws.signature'],
    ['another service', { service: 's3' }, 'aws.unknown_operation'],
    ['another method', { method: 'PUT' }, 'aws.unknown_operation'],
    ['a path', { path: '/shell' }, 'aws.unknown_operation'],
    ['a query', { path: '/?a=b' }, 'aws.unknown_operation'],
    ['an operation that is none', { operation: 'GetEverything' }, 'aws.unknown_operation'],
    ['a body that cannot be read', { body: '{' }, 'aws.malformed'],
    ['a table that nobody declared', { body: row.replace('Orders', 'Secrets') }, 'aws.unknown_table'],
  ] as const) {
    it(`lets nothing through with ${what}, and records it`, async () => {
      const [status, found] = await call(await open(), asked)
      expect([status >= 400, found, forwarded]).toEqual([true, code, 0])
    })
  }

  it('sends no call to two places', async () => {
    const more = (text: string): string =>
      edited('tables:', 'tables:\n  other: { dynamodb: Others, key: customer }', text)
    const body = JSON.stringify({
      RequestItems: Object.fromEntries(
        ['Orders', 'Others'].map((name) => [name, { Keys: [{ customer: { S: 'alice' }, id: { S: 'o1' } }] }]),
      ),
    })
    const codeAt = async (endpointOf: (name: string) => string): Promise<unknown> => {
      const harness = await open({
        manifest: more,
        tableEndpoint: endpointOf,
      })
      return (await call(harness, { operation: 'BatchGetItem', body }))[1]
    }
    expect(await codeAt(() => upstream)).not.toBe('aws.mixed_endpoints')
    expect(await codeAt((name) => (name === 'Orders' ? upstream : 'http://127.0.0.1:9'))).toBe('aws.mixed_endpoints')
  })

  it('is shut, in words of its own, where it breaks', async () => {
    const upstreamCredentials = (): never => {
      throw new TypeError('the keys cannot be read')
    }
    const harness = await open({ rooms: { upstreamCredentials } })
    expect(await call(harness)).toEqual([403, 'policy.allow'])
    expect(harness.lines.join()).toContain('the egress door failed (TypeError) and stayed shut')
    expect(forwarded).toBe(0)
  })

  it('sends nothing once the right to it has ended', async () => {
    expect(await call(await open({ rooms: { isCurrent: () => false } }))).toEqual([403, 'policy.allow'])
    expect(forwarded).toBe(0)
  })
})
