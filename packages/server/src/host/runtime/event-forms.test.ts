import { describe, expect, it } from 'vitest'

import { fromFunctionResult, type FunctionCall } from './event.ts'
import { toEvent } from './event-forms.ts'

const call: FunctionCall = {
  routeKey: 'POST /orders/:id',
  method: 'POST',
  path: '/orders/7',
  query: 'a=1&a=2&b=%20',
  body: Buffer.from('{"x":1}'),
  headers: new Map([
    ['content-type', 'application/json'],
    ['cookie', 'a=1; b=2'],
    ['host', 'shop.example'],
    ['x-amzn-oidc-identity', 'mallory'],
  ]),
  pathParameters: { id: '7' },
  sourceIp: '203.0.113.9',
  requestId: 'r1',
  receivedAt: 1_750_000_000_000,
  transaction: 't1',
  user: { kind: 'user', id: 'arn:sallyport:identity:checkout::user/alice', name: 'alice', roles: ['customer'] },
}
const { user: _, ...ofNobody } = call
const event = (...given: Parameters<typeof toEvent>): unknown => JSON.parse(Buffer.from(toEvent(...given)).toString())
const empty: FunctionCall = { ...ofNobody, query: '', pathParameters: {}, body: Buffer.alloc(0), headers: new Map() }

describe('an event', () => {
  it('is that of an HTTP API unless the manifest says otherwise', () => {
    expect(event(call)).toEqual(event(call, 'http'))
    expect(event(call)).toMatchObject({ version: '2.0', routeKey: 'POST /orders/:id' })
  })

  it('of a function URL has no route', () => {
    expect(event(call, 'url')).toMatchObject({ version: '2.0', routeKey: '$default', rawPath: '/orders/7' })
    expect(event(call, 'url')).not.toHaveProperty('pathParameters')
  })

  it('of a REST API has every value of a name, and the claims where Cognito’s authorizer puts them', () => {
    expect(event(call, 'rest')).toMatchObject({
      version: '1.0',
      resource: '/orders/{id}',
      path: '/orders/7',
      httpMethod: 'POST',
      headers: { cookie: 'a=1; b=2', host: 'shop.example' },
      multiValueHeaders: { cookie: ['a=1; b=2'] },
      queryStringParameters: { a: '2', b: ' ' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: [' '] },
      pathParameters: { id: '7' },
      stageVariables: null,
      requestContext: {
        authorizer: { claims: { sub: 'alice', 'cognito:groups': '[customer]' }, transaction: 't1' },
        identity: { sourceIp: '203.0.113.9' },
        resourcePath: '/orders/{id}',
        requestId: 'r1',
      },
      body: '{"x":1}',
      isBase64Encoded: false,
    })
  })

  it('of a REST API has null for what is empty, and no claims of nobody', () => {
    expect(event(empty, 'rest')).toMatchObject({
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
      body: null,
      isBase64Encoded: false,
    })
    expect(JSON.stringify(event(empty, 'rest'))).not.toContain('claims')
  })

  it('of a balancer says who is signed in, and never what the caller says of himself', () => {
    expect(event(call, 'alb')).toMatchObject({
      requestContext: { elb: {} },
      httpMethod: 'POST',
      queryStringParameters: { a: '2', b: '%20' },
      headers: { 'x-amzn-oidc-identity': 'alice' },
    })
    expect(event({ ...ofNobody, body: Buffer.alloc(0) }, 'alb')).not.toHaveProperty('headers.x-amzn-oidc-identity')
    expect(event(empty, 'alb')).toMatchObject({ body: '', isBase64Encoded: false })
    expect(event(empty, 'alb')).toHaveProperty('queryStringParameters', {})
  })

  it('has a body that is no text in base64, whatever its form', () => {
    const binary = { ...call, headers: new Map([['content-type', 'image/png']]), body: Buffer.from([0, 255]) }
    for (const form of ['http', 'url', 'rest', 'alb'] as const) {
      expect(event(binary, form)).toMatchObject({ body: 'AP8=', isBase64Encoded: true })
    }
  })
})

describe('an answer in format 1.0', () => {
  const read = (value: unknown): unknown => {
    const answer = fromFunctionResult(Buffer.from(JSON.stringify(value)))
    return answer && { headers: answer.headers, body: Buffer.from(answer.body).toString() }
  }

  it('names a header several times, and once where both members have it', () => {
    const headers = { 'X-A': 'single', 'x-b': 'b', 'content-type': 'text/plain' }
    const multiValueHeaders = { 'x-a': ['1', '2'], 'set-cookie': ['a=1', 'b=2'] }
    expect(read({ statusCode: 200, headers, multiValueHeaders, body: null })).toEqual({
      headers: [
        ['x-b', 'b'],
        ['content-type', 'text/plain'],
        ['x-a', '1'],
        ['x-a', '2'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
      body: '',
    })
  })

  it('is none where its members are something else, or hold a further header', () => {
    for (const multiValueHeaders of [{ 'x-a': 'text' }, ['x'], { 'x-a': ['b\r\nx-c: d'] }, { 'x-a': [{}] }])
      expect(read({ statusCode: 200, multiValueHeaders })).toBeUndefined()
  })
})
