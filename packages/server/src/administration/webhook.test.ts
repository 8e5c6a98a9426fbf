import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { NotificationRecord } from '@sallyport/core/access'
import { afterEach, expect, test } from 'vitest'

import { makeWorld } from './testing/harness.ts'
import { createWebhook } from './webhook.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** A far side that answers with this status, or never; and what it was sent. */
async function farSide(status: number | undefined): Promise<{ address: string; sent: string[] }> {
  const sent: string[] = []
  const server = createServer((message, response) => {
    let body = ''
    message.setEncoding('utf8').on('data', (part: string) => (body += part))
    message.on('end', () => {
      sent.push(body)
      if (status !== undefined) response.writeHead(status, { location: '/elsewhere' }).end('answer')
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/a-secret-path`, sent }
}

async function tell(address: string | undefined, timeoutMs = 30_000): Promise<NotificationRecord> {
  const world = makeWorld()
  const { promise, resolve } = Promise.withResolvers<NotificationRecord>()
  const webhook = createWebhook({ address: () => address, nowMs: () => 7, timeoutMs, record: resolve })
  const administration = world.open({ announce: webhook })
  await administration.request(world.user('ada', ['admin']), 'admin', 'ticket 7')
  return promise
}

test('the id, role, requester and reason travel, and nothing else', async () => {
  const { address, sent } = await farSide(204)
  const record = await tell(address)
  expect(record).toMatchObject({ kind: 'notification', at: 7, outcome: 'delivered', detail: 'status 204' })
  expect(record.to).toBe(new URL(address).origin)
  expect(sent.map((body): unknown => JSON.parse(body))).toEqual([
    {
      id: record.request,
      role: 'admin',
      requester: 'arn:sallyport:identity:test::user/ada',
      reason: 'ticket 7',
    },
  ])
})

test.each([
  ['an error', 500, 'status 500'],
  ['a redirect, which is not followed', 302, expect.any(String)],
])('%s is recorded as a failure', async (_, status, detail) => {
  const { address, sent } = await farSide(status)
  const record = await tell(address)
  expect(record).toMatchObject({ outcome: 'failed', detail })
  expect(sent).toHaveLength(1)
  expect(JSON.stringify(record)).not.toContain('a-secret-path')
})

test('a far side that hangs, or is not there, holds up nobody and is recorded', async () => {
  const { address } = await farSide(undefined)
  expect(await tell(address, 50)).toMatchObject({ outcome: 'failed', detail: expect.stringMatching(/Timeout|23/) })
  expect(await tell('http://127.0.0.1:1/')).toMatchObject({ outcome: 'failed' })
})

test('a far side that does not answer holds sixteen calls, and no more', async () => {
  const { address } = await farSide(undefined)
  const records: NotificationRecord[] = []
  const options = { nowMs: () => 7, timeoutMs: 30_000, record: (one: NotificationRecord) => void records.push(one) }
  const webhook = createWebhook({ address: () => address, ...options })
  const asked = { id: 'e1', role: 'admin', subject: 'ada', reason: 'ticket 7', powers: '', requestedAt: 1 }
  const request = { ...asked, state: 'requested', approvedBy: [], waitsUntil: 2, breakGlass: false } as const
  for (let index = 0; index < 17; index++) webhook(request)
  expect(records).toMatchObject([{ outcome: 'failed', detail: 'too many calls under way' }])
})
