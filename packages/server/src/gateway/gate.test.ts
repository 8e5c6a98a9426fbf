import { type AccessRequest, anonymous, type Decision, sealGrant, sealReceipt, type Subject } from '@sallyport/core/access'
import { enforce } from '@sallyport/core/enforcement'
import { decide } from '@sallyport/core/policy'
import { explain, matchRoute } from '@sallyport/manifest'
import { beforeEach, describe, expect, test } from 'vitest'

import { mustLoad } from '../../../manifest/src/testing/example.ts'
import type { Invocation } from '../host/index.ts'
import { affinityOf, ingressGate, type IngressRooms } from './gate.ts'
import { createLimiter } from './rate-limit.ts'
import type { IngressRequest, IngressResponse } from './request.ts'

// The worked example's own routes and rules; only the ledger, the clock and the boxes are fakes.
const { app, compiled } = mustLoad()
let invoked: Invocation[]
let recorded: Decision[]
let elevated: readonly string[]
let subject: Subject
let current: (times: number) => boolean
let broken: boolean

beforeEach(() => {
  invoked = []
  recorded = []
  elevated = []
  subject = customer
  current = () => true
  broken = false
})

const authentication = { methods: ['pwd'], mfa: false, authenticatedAtSeconds: 1, expiresAtSeconds: 9_999 }
const customer: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:checkout::user/alice',
  name: 'alice',
  roles: ['customer'],
  sessionId: 's1',
  authentication,
}
const admin: Subject = {
  ...customer,
  id: 'arn:sallyport:identity:checkout::user/ada',
  name: 'ada',
  roles: ['admin'],
  authentication: { ...authentication, methods: ['pwd', 'otp'], mfa: true },
  device: { id: 'laptop', managed: true, type: 'laptop' },
}

function rooms(): IngressRooms {
  let ids = 0
  let asked = 0
  return {
    app: app.name,
    identify: () => Promise.resolve(subject),
    elevatedRoles: () => elevated,
    countryOf: (address) => (address === '127.0.66.6' ? 'US' : 'CH'),
    decide: (requests: readonly [AccessRequest, ...AccessRequest[]]) =>
      explain(decide(compiled.authority, requests), compiled, app),
    record: (decision) => {
      if (broken) return Promise.reject(new Error('the disk is full'))
      recorded.push(decision)
      return Promise.resolve(sealReceipt({ decision: decision.id, leafIndex: 0n, durability: 'written' }))
    },
    admit: (decision, receipt) => sealGrant({ decision, receipt, expiresAt: 60_000, epochs: new Map() }),
    isCurrent: () => current((asked += 1)),
    settle: () => undefined,
    invoke: (invocation) => {
      invoked.push(invocation)
      return Promise.resolve({ kind: 'response', body: new TextEncoder().encode('{"statusCode":200,"body":"done"}') })
    },
    bodyCheck: () => undefined,
    timeoutMs: () => 10_000,
    limiter: limiter,
    newId: () => `id-${(ids += 1)}`,
    nowMs: () => 1_000,
  }
}
let limiter = createLimiter(() => 0)
beforeEach(() => {
  limiter = createLimiter(() => 0)
})

function ask(method: string, path: string, more: Partial<IngressRequest> = {}): Promise<IngressResponse> {
  const match = matchRoute(app, method, path)
  const destination =
    match.kind === 'refused'
      ? {}
      : {
          destination: {
            functionName: match.functionDeclaration.name,
            functionArn: match.functionDeclaration.arn,
            zone: match.functionDeclaration.zone,
            route: match.route,
            parameters: match.parameters,
          },
        }
  const request: IngressRequest = {
    method,
    path,
    query: '',
    headers: new Map([['authorization-free', 'yes']]),
    credentials: [],
    body: new Uint8Array(),
    remoteAddress: '127.0.0.1',
    receivedAt: 0,
    ...destination,
    ...more,
  }
  return enforce(request, ingressGate(rooms()))
}

const bodyOf = ({ body }: IngressResponse): { code?: string; reason?: string; id?: string } =>
  JSON.parse(new TextDecoder().decode(body))
const headerOf = ({ headers }: IngressResponse, name: string): string | undefined =>
  headers.find(([one]) => one === name)?.[1]

test('a customer checks out: the function gets the event, the person and a deadline', async () => {
  const response = await ask('POST', '/checkout')
  expect(response.status).toBe(200)
  expect(headerOf(response, 'x-sallyport-id')).toBe(recorded[0]?.id)
  expect(invoked[0]).toMatchObject({ functionName: 'storefront', user: { name: 'alice' }, deadline: 11_000, actors: [] })
  expect(JSON.parse(new TextDecoder().decode(invoked[0]?.event))).toMatchObject({ routeKey: 'POST /checkout' })
})

describe('a refusal says a code, a reason and an id, and the status that fits', () => {
  test('no credential', async () => {
    subject = anonymous
    const response = await ask('POST', '/checkout')
    expect(response.status).toBe(401)
    expect(bodyOf(response)).toMatchObject({ code: 'token.missing', id: recorded[0]?.id })
    expect(headerOf(response, 'www-authenticate')).toBe('Bearer realm="checkout"')
  })

  test('a bad credential keeps its own code', async () => {
    subject = { ...anonymous, refused: { code: 'token.expired', message: 'The token has expired.' } }
    const response = await ask('POST', '/checkout')
    expect([response.status, bodyOf(response).code]).toEqual([401, 'token.expired'])
    expect(headerOf(response, 'www-authenticate')).toContain('error="invalid_token"')
  })

  test('no such route', async () => {
    expect([(await ask('GET', '/admin')).status, recorded[0]?.effect]).toEqual([404, 'deny'])
  })

  test('another role', async () => {
    expect((await ask('POST', '/orders/o1/refund')).status).toBe(403)
  })

  test('a second factor that is missing asks for a stronger sign-in (RFC 9470)', async () => {
    subject = { ...admin, roles: ['support'], authentication }
    const response = await ask('GET', '/orders/o1')
    expect([response.status, bodyOf(response).code]).toEqual([401, 'route.mfa_required'])
    expect(headerOf(response, 'www-authenticate')).toContain('insufficient_user_authentication')
  })

  test('no elevation, and with it the way is open', async () => {
    subject = admin
    expect(bodyOf(await ask('POST', '/orders/o1/refund')).code).toBe('route.elevation_required')
    elevated = ['admin']
    expect((await ask('POST', '/orders/o1/refund')).status).toBe(200)
  })

  test('an undeclared country', async () => {
    const response = await ask('POST', '/checkout', { remoteAddress: '127.0.66.6' })
    expect([response.status, bodyOf(response).code]).toEqual([403, 'route.country'])
  })

  test('more calls than the route takes', async () => {
    const answers = []
    for (let call = 0; call < 11; call += 1) answers.push(await ask('POST', '/checkout'))
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 429])
    expect(headerOf(answers[10] ?? { status: 0, headers: [], body: new Uint8Array() }, 'retry-after')).toBe('1')
  })

  test('what the gateway read as malformed, before anybody is identified', async () => {
    const fault = { code: 'request.path', layer: 'door', message: 'No.' } as const
    expect([(await ask('POST', '/checkout', { fault })).status, invoked]).toEqual([400, []])
  })

  test('nothing of the rules stands in the body', async () => {
    subject = admin
    const text = JSON.stringify(bodyOf(await ask('POST', '/orders/o1/refund')))
    expect(text).not.toContain('sallyport.yaml')
    expect(text).not.toContain('route-storefront')
  })
})

test('without a record there is no effect: the walk rejects and nothing was invoked', async () => {
  broken = true
  await expect(ask('POST', '/checkout')).rejects.toThrow('disk')
  expect(invoked).toEqual([])
})

test('a grant that ended before the call lets nothing happen', async () => {
  current = () => false
  const response = await ask('POST', '/checkout')
  expect([response.status, bodyOf(response).code, invoked]).toEqual([401, 'grant.ended', []])
})

test('a grant that ended while the function ran keeps its answer back', async () => {
  current = (times) => times === 1
  const response = await ask('POST', '/checkout')
  expect(invoked).toHaveLength(1)
  expect([response.status, bodyOf(response).code]).toEqual([401, 'grant.ended'])
})

test('boxes are shared by one subject in one session at one assurance, and by nobody else', () => {
  const others: readonly Subject[] = [
    admin,
    { ...customer, sessionId: 's2' },
    { ...customer, authentication: { ...authentication, mfa: true } },
    { ...customer, device: { id: 'phone', managed: true, type: 'phone' } },
  ]
  expect(affinityOf({ ...customer })).toBe(affinityOf(customer))
  expect(new Set([customer, ...others].map(affinityOf)).size).toBe(others.length + 1)
})
