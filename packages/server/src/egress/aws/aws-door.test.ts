import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import aws4 from 'aws4'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { endings } from '../testing/endings.ts'
import { type Harness, type HarnessOptions, openHarness } from '../testing/harness.ts'
import { slotsOfBox } from '../upstream/slots.ts'

vi.setConfig({ testTimeout: 60_000 })

let upstream: string
let forwarded: number
let answering: (response: ServerResponse) => void
beforeEach(async () => {
  forwarded = 0
  answering = (response) => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}')
  const server = createServer((message, response) => {
    forwarded += 1
    message.resume().once('end', () => answering(response))
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
  readonly host?: string
  readonly type?: string
}

const row = JSON.stringify({ TableName: 'Orders', Key: { customer: { S: 'alice' }, id: { S: 'o1' } } })

/** Calls as the function's own client would, signed with what its box was given. */
async function call(harness: Harness, asked: Call = {}): Promise<readonly [status: number, code: unknown]> {
  const { status } = await answerTo(harness, asked)
  return [status, harness.decisions.at(-1)?.reasons[0]?.code]
}

async function answerTo(harness: Harness, asked: Call): Promise<{ status: number; type: string; body: string }> {
  const { service = 'dynamodb', method = 'POST', path = '/', operation = 'GetItem', body = row, key } = asked
  const { host = 'any.aws.internal', type = 'application/x-amz-json-1.0' } = asked
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = harness.environment
  const signed = aws4.sign(
    {
      method,
      path,
      service,
      host,
      region: 'us-east-1',
      body,
      headers: { 'X-Amz-Target': `DynamoDB_20120810.${operation}`, 'Content-Type': type },
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
  sent.on('error', () => undefined) // of what is too large not all is taken
  sent.end(body)
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode, type: answer.headers['content-type'], body: await text(answer) }
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

  it('lets batches and conditions through for the own rows alone, each by a verb of its own', async () => {
    const key = (customer: string): object => ({ customer: { S: customer }, id: { S: 'o1' } })
    const check = (customer: string): object => ({
      ConditionCheck: { TableName: 'Orders', Key: key(customer), ConditionExpression: 'attribute_exists(id)' },
    })
    const bodies = {
      BatchGetItem: (customer: string) => ({ RequestItems: { Orders: { Keys: [key('alice'), key(customer)] } } }),
      BatchWriteItem: (customer: string) => ({ RequestItems: { Orders: [{ DeleteRequest: { Key: key(customer) } }] } }),
      TransactWriteItems: (customer: string) => ({ TransactItems: [check(customer)] }),
    } as const
    for (const [operation, verb] of [
      ['BatchGetItem', 'batch-get'],
      ['BatchWriteItem', 'batch-write'],
      ['TransactWriteItems', 'check'],
    ] as const) {
      const granted = await open({
        manifest: (manifest) => edited('put: own', `put: own\n        ${verb}: own`, manifest),
      })
      const ungranted = await open()
      const codes = async (harness: Harness, customer: string): Promise<unknown> =>
        (await call(harness, { operation, body: JSON.stringify(bodies[operation](customer)) }))[1]
      expect(await codes(granted, 'alice'), verb).toBe('policy.allow')
      expect(await codes(granted, 'bob'), verb).toBe('table.not_own_row')
      expect(await codes(ungranted, 'alice'), verb).toBe('table.not_granted')
    }
  })

  it('lets a query through an index that is declared, and own rows through one with the same key alone', async () => {
    const indexes = 'indexes: { by-date: [customer, date], by-status: status }'
    const asking = async (grant: string, index: string, condition: string): Promise<unknown> => {
      const harness = await open({
        manifest: (manifest) =>
          edited(
            'key: [customer, id]',
            `key: [customer, id], ${indexes}`,
            edited('put: own', `query: ${grant}`, manifest),
          ),
      })
      const query = {
        TableName: 'Orders',
        IndexName: index,
        KeyConditionExpression: condition,
        ExpressionAttributeValues: { ':v': { S: 'alice' } },
      }
      return (await call(harness, { operation: 'Query', body: JSON.stringify(query) }))[1]
    }
    expect(await asking('any', 'by-status', 'state = :v')).toBe('policy.allow')
    expect(await asking('any', 'by-nobody', 'state = :v')).toBe('table.index')
    expect(await asking('own', 'by-date', 'customer = :v')).toBe('policy.allow')
    expect(await asking('own', 'by-status', 'customer = :v')).toBe('table.index_of_all')
    expect(await asking('own', 'by-date', 'state = :v')).toBe('table.not_own_row')
  })

  for (const [what, asked, form, words] of [
    ['a bucket', { service: 's3', method: 'PUT', path: '/a/b', host: 'my.bucket.any.aws.internal' }, 's3', 'presigned'],
    ['a topic', { service: 'sns', type: 'application/x-www-form-urlencoded' }, 'query', 'no door to sns'],
    ['a parameter', { service: 'ssm' }, 'json', 'stands under env'],
  ] as const) {
    it(`tells who asks for ${what} that it has no door, in a form that its client reads`, async () => {
      const { status, type, body } = await answerTo(await open(), asked)
      const forms = {
        s3: [403, 'application/xml', /^<\?xml [^>]*>\n<Error><Code>AccessDenied<\/Code><Message>/],
        query: [403, 'text/xml', /^<\?xml [^>]*>\n<ErrorResponse><Error><Type>Sender<\/Type><Code>AccessDenied</],
        json: [400, 'application/x-amz-json-1.0', /^\{"__type":"com\.amazon\.coral\.service#AccessDeniedException"/],
      } as const
      const [wantedStatus, wantedType, begins] = forms[form]
      expect([status, type]).toEqual([wantedStatus, wantedType])
      expect(body).toMatch(begins)
      expect(body).toContain(words)
    })
  }

  it('tells an upload that is too large in its own form, too', async () => {
    const upload = { service: 's3', method: 'PUT', path: '/a', body: 'x'.repeat(7_000_000) }
    expect((await answerTo(await open(), upload)).body).toContain('<Error><Code>AccessDenied</Code>')
  })

  it('sends no call to two places', async () => {
    const more = (manifest: string): string =>
      edited('tables:', 'tables:\n  other: { dynamodb: Others, key: customer }', manifest)
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

  it('has so many calls of one box under way, and the rest of them wait', async () => {
    answering = () => undefined
    const harness = await open()
    const calls = Array.from({ length: slotsOfBox + 3 }, () => call(harness).catch(() => undefined))
    await expect.poll(() => harness.decisions.length, { timeout: 10_000 }).toBe(slotsOfBox + 3)
    await expect.poll(() => forwarded, { timeout: 10_000 }).toBeGreaterThanOrEqual(slotsOfBox)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(forwarded).toBe(slotsOfBox)
    await harness.endInvocation()
    await Promise.all(calls)
  })
})
