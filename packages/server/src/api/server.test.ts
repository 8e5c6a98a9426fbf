import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  type AccessRequest,
  anonymous,
  type Decision,
  type LedgerRecord,
  sealGrant,
  sealReceipt,
  type Subject,
} from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { explain } from '@sallyport/manifest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { mustLoad } from '../../../manifest/src/testing/example.ts'
import { openAdministration } from '../administration/index.ts'
import { administrationGate } from './gate.ts'
import { startApi } from './server.ts'
import { administrativeVerbs } from './verbs.ts'

// The whole third door but for the tokens: the example's rules decide, administration keeps the elevations.
const { app, compiled } = mustLoad()
const person = (name: string, roles: readonly string[], mfa = true): Subject => ({
  kind: 'user',
  id: `arn:sallyport:identity:checkout::user/${name}`,
  name,
  roles,
  sessionId: name,
  authentication: { methods: ['pwd', 'otp'], mfa, authenticatedAtSeconds: 0, expiresAtSeconds: 9e9 },
  device: { id: 'laptop', managed: true, type: 'laptop' },
})
const people = new Map([
  ['Bearer alice', person('alice', ['customer'])],
  ['Bearer ada', person('ada', ['admin'])],
  ['Bearer grace', person('grace', ['admin'])],
  ['Bearer weak', person('weak', ['admin'], false)],
])

let folder: string
let api: { close(): Promise<void> }
let secrets: Map<string, string>
let decisions: Decision[]
let failures: unknown[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-api-'))
  secrets = new Map()
  decisions = []
  failures = []
  let ids = 0
  const newId = (): string => `id-${(ids += 1)}`
  const administration = openAdministration({
    append: (_record: LedgerRecord) => Promise.resolve(),
    ruleOf: (role) => app.people.find(({ name }) => name === role)?.jit,
    powersOf: () => 'powers',
    clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
    newId,
    past: [],
    grantLifetimeMs: 60_000,
  })
  const gate = administrationGate({
    identify: (credentials) => Promise.resolve(people.get(credentials[0] ?? '') ?? anonymous),
    elevatedRoles: administration.elevatedRoles,
    decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => explain(decide(compiled.authority, asked), compiled, app),
    record: (decision) => {
      decisions.push(decision)
      return Promise.resolve(sealReceipt({ decision: decision.id, leafIndex: 0n, durability: 'synced' }))
    },
    admit: (decision, receipt) => sealGrant({ decision, receipt, expiresAt: Infinity, epochs: new Map() }),
    isCurrent: () => true,
    settle: () => undefined,
    newId,
  })
  api = await startApi({
    socketPath: join(folder, 'api.sock'),
    token: 'the-local-token',
    verbs: administrativeVerbs({
      app: () => app,
      elevation: administration.find,
      requestElevation: administration.request,
      approveElevation: administration.approve,
      setSecret: (name, value) => Promise.resolve(secrets.set(name, value.reveal())),
      invokeDirectly: () => Promise.resolve({ kind: 'error', code: 'function.threw', message: 'boom' }),
    }),
    gate,
    reads: {
      status: () => ({ app: app.name }),
      elevation: () => ({ requests: administration.list() }),
      logs: () => [],
      follow: () => () => undefined,
    },
    onFailure: (cause) => failures.push(cause),
  })
})

afterEach(async () => {
  await api.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly body: { code?: string; id?: string; fix?: string; request?: { id: string; state: string } }
}

function call(method: string, path: string, as?: string, body = '', token = 'the-local-token'): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...(as === undefined ? {} : { 'x-sallyport-user-token': as }) }
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: join(folder, 'api.sock'), method, path, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => void (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

test('the local token opens reading, and nothing is answered without it', async () => {
  expect(await call('GET', '/v1/status')).toMatchObject({ status: 200, body: { app: 'checkout' } })
  for (const token of ['', 'another-token-x', 'the-local-toke', 'the-local-token-and-more']) {
    expect((await call('GET', '/v1/status', undefined, '', token)).body.code).toBe('api.token')
  }
  expect((await call('PUT', '/v1/secrets/stripe-key', 'ada', 'x', 'wrong')).body.code).toBe('api.token')
  expect(secrets.size).toBe(0)
})

describe('a verb that changes the server', () => {
  test('needs a person: the local token alone is not enough', async () => {
    expect(await call('PUT', '/v1/secrets/stripe-key', undefined, 'sk')).toMatchObject({
      status: 401,
      body: { code: 'token.missing' },
    })
    expect(secrets.size).toBe(0)
  })

  test('needs the role, and two factors', async () => {
    expect((await call('PUT', '/v1/secrets/stripe-key', 'alice', 'sk')).status).toBe(403)
    expect((await call('PUT', '/v1/secrets/stripe-key', 'weak', 'sk')).status).toBe(403)
    expect(secrets.size).toBe(0)
    expect((await call('PUT', '/v1/secrets/stripe-key', 'ada', 'sk')).status).toBe(200)
    expect(secrets.get('stripe-key')).toBe('sk')
  })

  test('is recorded whether it was allowed or not, and the secret is in no record', async () => {
    await call('PUT', '/v1/secrets/stripe-key', 'alice', 'sk-secret-value')
    await call('PUT', '/v1/secrets/stripe-key', 'ada', 'sk-secret-value')
    expect(decisions.map(({ effect }) => effect)).toEqual(['deny', 'allow'])
    expect(JSON.stringify(decisions)).not.toContain('sk-secret-value')
  })

  test.each([
    ['PUT', '/v1/secrets/nothing', 'sk', 404, 'secret.unknown'],
    ['PUT', '/v1/secrets/stripe-key', '', 403, 'secret.size'],
    ['POST', '/v1/elevation', '{"role":"customer","reason":"x"}', 404, 'elevation.unknown'],
    ['POST', '/v1/elevation', '{"role":"admin","reason":" "}', 403, 'elevation.reason_required'],
    ['POST', '/v1/elevation', 'not json', 403, 'request.json'],
    ['POST', '/v1/elevation/none/approve', '', 404, 'elevation.unknown'],
    ['POST', '/v1/functions/none/invoke', '', 404, 'function.unknown'],
    ['POST', '/v1/functions/orders/invoke', '{', 403, 'request.json'],
    ['PUT', '/v1/secrets/%zz', 'sk', 404, 'api.unknown'],
    ['DELETE', '/v1/secrets/stripe-key', '', 404, 'api.unknown'],
    ['GET', '/v1/secrets/stripe-key', '', 404, 'api.unknown'],
  ])('%s %s with %j is answered with its own code', async (method, path, body, status, code) => {
    expect(await call(method, path, 'ada', body)).toMatchObject({ status, body: { code } })
    expect(failures).toEqual([])
  })

  test('a function that fails says so, and the person is told why', async () => {
    expect(await call('POST', '/v1/functions/orders/invoke', 'ada', '{}')).toMatchObject({
      status: 502,
      body: { code: 'function.threw' },
    })
  })
})

test('an elevation is asked by one and approved by another, never by oneself', async () => {
  const asked = await call('POST', '/v1/elevation', 'ada', '{"role":"admin","reason":"refund of order 7"}')
  expect(asked).toMatchObject({ status: 201, body: { request: { state: 'requested' } } })
  const path = `/v1/elevation/${asked.body.request?.id}/approve`
  expect((await call('POST', path, 'ada')).body.code).toBe('administration.self_approval')
  expect((await call('POST', path, 'alice')).status).toBe(403)
  expect(await call('POST', path, 'grace')).toMatchObject({ status: 200, body: { request: { state: 'approved' } } })
})
