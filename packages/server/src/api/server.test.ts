import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'

import {
  actions,
  anonymous,
  type Credential,
  type Decision,
  type Grant,
  SallyportError,
  sealGrant,
  sealReceipt,
  type Subject,
} from '@sallyport/core/access'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { guestsThatSay } from '../information/testing/guests.ts'
import { administrationGate, type AdministrationRooms } from './gate.ts'
import { startApi } from './server.ts'
import type { AdministrativeRequest, Verb } from './verb.ts'

const token = 'the-local-token-of-this-run'
const credential: Credential = {
  issuerName: 'embedded',
  keyId: 'k',
  issuedAtSeconds: 0,
  scopes: [],
  tags: {},
  boundTo: ['t'],
  binding: 'dpop',
}
const ada: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:test::user/ada',
  name: 'ada',
  roles: ['admin'],
  credential,
}

let folder: string
let carriedOut: AdministrativeRequest[]
let close: () => Promise<void>

const setSecret: Verb = {
  method: 'PUT',
  path: '/v1/secrets/:name',
  ask: ({ name }) => ({ action: actions.setSecret, resource: `arn:sallyport:admin:test::secret/${name}` }),
  carryOut: (request) => {
    carriedOut.push(request)
    return { status: 200, body: { secret: request.name } }
  },
}

/** An API behind which everything is allowed that the door itself does not refuse. */
async function start(
  subject: Subject,
  changes: Partial<AdministrationRooms> = {},
  verb: Verb = setSecret,
): Promise<void> {
  const gate = administrationGate({
    identify: async ({ credentials }) => (credentials.length === 0 ? anonymous : subject),
    elevatedRoles: () => [],
    standingOf: () => ({}),
    askGuests: (asked) => asked,
    decide: (asked): Decision => {
      const [{ id, refusal }] = asked
      return refusal === undefined
        ? { effect: 'allow', id, asked, reasons: [] }
        : { effect: 'deny', id, asked, explicit: false, layer: refusal.layer, reasons: [refusal] }
    },
    record: async ({ id }) => sealReceipt({ decision: id, leafIndex: 0n, durability: 'synced' }),
    admit: (decision, receipt): Grant => sealGrant({ decision, receipt, expiresAt: 1, epochs: new Map() }),
    isCurrent: () => true,
    whenEnded: () => () => undefined,
    challenge: () => undefined,
    settle: () => undefined,
    nowMs: () => 0,
    newId: () => 'd1',
    ...changes,
  })
  const reads = {
    status: () => ({ app: 'test' }),
    elevation: () => ({ requests: [] }),
    logs: () => [],
    follow: () => () => undefined,
  }
  const socketPath = join(folder, 'api.sock')
  const nextNonce = (): string => 'next-nonce'
  const api = await startApi({ socketPath, token, verbs: [verb], gate, reads, nextNonce, onFailure: () => undefined })
  close = () => api.close()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-api-'))
  carriedOut = []
})

afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

function ask(method: string, path: string, headers: Record<string, string>, body = ''): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const message = httpRequest({ socketPath: join(folder, 'api.sock'), method, path, headers }, (response) => {
      let text = ''
      response.on('data', (part) => (text += String(part)))
      response.once('end', () => resolve([response.statusCode ?? 0, text]))
    })
    message.once('error', reject)
    message.end(body)
  })
}

const local = { authorization: `Bearer ${token}` }
const asAda = { ...local, 'x-sallyport-user-token': 'a-token' }

test('the local token opens what may be read, and nothing else does', async () => {
  await start(ada)
  expect(await ask('GET', '/v1/status', local)).toEqual([200, '{"app":"test"}\n'])
  const wrong = ['', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}x`, 'Bearer the-token-of-another-run']
  for (const authorization of wrong) {
    expect((await ask('GET', '/v1/status', { authorization }))[0], authorization).toBe(401)
    expect((await ask('PUT', '/v1/secrets/a', { ...asAda, authorization }, 'v'))[0], authorization).toBe(401)
  }
  expect(carriedOut).toEqual([])
  expect((await ask('GET', '//[', local))[0]).toBe(400)
})

test('the local token alone changes nothing: a person must stand behind it', async () => {
  await start(ada)
  const [status, body] = await ask('PUT', '/v1/secrets/stripe-key', local, 'value')
  expect([status, body]).toEqual([401, expect.stringContaining('token.missing')])
  expect(carriedOut).toEqual([])
  expect((await ask('PUT', '/v1/secrets/stripe-key', asAda, 'value'))[0]).toBe(200)
  expect(carriedOut).toMatchObject([{ name: 'stripe-key' }])
})

test('a person whose credential was refused changes nothing', async () => {
  await start({ ...ada, refused: { code: 'token.expired', message: 'It expired.' } })
  expect((await ask('PUT', '/v1/secrets/a', asAda, 'v'))[0]).toBe(401)
  expect(carriedOut).toEqual([])
})

test('guests are asked before it is decided', async () => {
  const seen: unknown[] = []
  await start(ada, {
    askGuests: guestsThatSay(() => 'deny'),
    decide: (asked): Decision => {
      const [{ id, context }] = asked
      seen.push(context['sallyport:Guest/tested'])
      return { effect: 'allow', id, asked, reasons: [] }
    },
  })
  expect((await ask('PUT', '/v1/secrets/a', asAda, 'v'))[0]).toBe(200)
  expect(seen).toEqual(['deny'])
})

test('what was allowed and has ended since is not carried out', async () => {
  await start(ada, { isCurrent: () => false })
  expect(await ask('PUT', '/v1/secrets/a', asAda, 'v')).toEqual([401, expect.stringContaining('grant.ended')])
  expect(carriedOut).toEqual([])
})

test('what cannot be recorded is not carried out', async () => {
  await start(ada, { record: () => Promise.reject(new Error('disk full')) })
  const [status, body] = await ask('PUT', '/v1/secrets/a', asAda, 'v')
  expect([status, body]).toEqual([503, expect.not.stringContaining('disk full')])
  expect(carriedOut).toEqual([])
})

test.each<[string, SallyportError, number]>([
  [
    'what the room itself will not do is answered with its code',
    new SallyportError('elevation.not_open', 'inner', { publicMessage: 'Over.' }),
    409,
  ],
  ['a failure is answered with nothing of its words', new SallyportError('store.damaged', 'inner'), 503],
])('%s', async (_, cause, status) => {
  await start(ada, {}, { ...setSecret, carryOut: () => Promise.reject(cause) })
  const [answered, body] = await ask('PUT', '/v1/secrets/a', asAda, 'v')
  expect([answered, JSON.parse(body).code, body.includes('inner')]).toEqual([status, cause.code, false])
})

test('a body is bounded', async () => {
  await start(ada)
  const [status] = await ask('PUT', '/v1/secrets/a', asAda, 'x'.repeat(6 * 1024 * 1024 + 1)).catch(() => [413] as const)
  expect([status, carriedOut.length]).toEqual([413, 0])
})

test('a path that no verb has leads nowhere', async () => {
  await start(ada)
  for (const path of ['/v1/secrets', '/v1/secrets/a/b', '/v1/secret/a', '/']) {
    expect((await ask('PUT', path, asAda, 'v'))[0], path).toBe(404)
  }
  expect(carriedOut).toEqual([])
})

test('what streams is sent as it is made, and a break in it is no end', async () => {
  const parts = new PassThrough()
  const verb: Verb = {
    method: 'POST',
    path: '/v1/functions/:name/invoke',
    ask: () => ({ action: actions.invokeDirectly, resource: 'arn:sallyport:admin:test::function/a/invoke' }),
    carryOut: () => {
      const body = parts[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>
      return { status: 200, body: {}, stream: { status: 201, body, ended: new Promise(() => undefined) } }
    },
  }
  await start(ada, {}, verb)
  const message = httpRequest({
    socketPath: join(folder, 'api.sock'),
    method: 'POST',
    path: '/v1/functions/a/invoke',
    headers: asAda,
  }).end()
  parts.write('one')
  const [response]: IncomingMessage[] = await once(message, 'response')
  expect(response?.headers).toMatchObject({
    'content-type': 'application/vnd.sallyport.stream',
    'x-sallyport-status': '201',
  })
  const [first] = response === undefined ? [] : await once(response, 'data')
  expect(String(first)).toBe('one')
  const broken = response && once(response, 'end')
  parts.destroy(new Error('it broke'))
  await expect(broken).rejects.toThrow('aborted')
})
