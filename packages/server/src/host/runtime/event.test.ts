import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type FunctionCall, fromFunctionResult, toApiGatewayEvent } from './event.ts'

const call: FunctionCall = {
  routeKey: 'POST /charge',
  method: 'POST',
  path: '/charge',
  query: 'a=1&a=2&b=%20',
  body: Buffer.from('{"x":1}'),
  headers: new Map([
    ['content-type', 'application/json'],
    ['cookie', 'a=1; b=2'],
    ['host', 'payments.fn.internal'],
  ]),
  pathParameters: {},
  sourceIp: '127.0.0.1',
  requestId: 'r1',
  receivedAt: 1_750_000_000_000,
  transaction: 't1',
  user: { kind: 'user', id: 'arn:sallyport:identity:checkout::user/alice', name: 'alice', roles: ['customer'] },
}
const event = (given: FunctionCall): unknown => JSON.parse(Buffer.from(toApiGatewayEvent(given)).toString())
const answer = (value: unknown): unknown => {
  const result = fromFunctionResult(Buffer.from(JSON.stringify(value)))
  return result && { ...result, body: Buffer.from(result.body).toString() }
}

describe('toApiGatewayEvent', () => {
  it('writes payload format 2.0 with the person under authorizer.jwt.claims', () => {
    expect(event(call)).toMatchObject({
      version: '2.0',
      routeKey: 'POST /charge',
      rawPath: '/charge',
      rawQueryString: 'a=1&a=2&b=%20',
      cookies: ['a=1', 'b=2'],
      queryStringParameters: { a: '1,2', b: ' ' },
      body: '{"x":1}',
      isBase64Encoded: false,
      headers: { 'content-type': 'application/json' },
      requestContext: {
        authorizer: { jwt: { claims: { sub: 'alice', 'cognito:groups': '[customer]' } } },
        requestId: 'r1',
      },
    })
  })

  it('has cookies in one place, and a body where there is one', () => {
    expect(event(call)).not.toHaveProperty('headers.cookie')
    const image = { ...call, headers: new Map([['content-type', 'image/png']]), body: Buffer.alloc(0) }
    expect(event(image)).toMatchObject({ isBase64Encoded: false })
    expect(event(image)).not.toHaveProperty('body')
  })

  it('says what the call says and no more, whatever the caller writes', () => {
    const unit = fc.constantFrom('"', '\\', '\n', '\0', '\u2028', '\ud800', 'é', '😀', ',', ':', '{', '}', 'a', ' ')
    const text = fc.string({ unit, maxLength: 80 })
    const pairs = fc.array(fc.tuple(fc.oneof(text, fc.constant('__proto__')), text), { maxLength: 4 })
    fc.assert(
      fc.property(text, pairs, (said, several) => {
        const headers = new Map([...several, ['user-agent', said]])
        const pathParameters = Object.fromEntries(several)
        const user = { kind: 'user', id: said, name: said, roles: [said] } as const
        const route = { routeKey: said, method: said, path: said, sourceIp: said }
        const ours = { requestId: said, transaction: said, caller: said, domainName: said, user }
        expect(event({ ...call, ...route, ...ours, query: '', headers, pathParameters })).toEqual({
          version: '2.0',
          routeKey: said,
          rawPath: said,
          rawQueryString: '',
          headers: Object.fromEntries(headers),
          requestContext: {
            accountId: 'anonymous',
            apiId: 'sallyport',
            authorizer: {
              jwt: {
                claims: { sub: said, 'cognito:groups': /^[^\s[\],]+$/.test(said) ? `[${said}]` : '[]' },
                scopes: [],
              },
              lambda: { transaction: said, caller: said, user: said, roles: [said] },
            },
            domainName: said,
            domainPrefix: said.split(/[.:]/)[0],
            http: { method: said, path: said, protocol: 'HTTP/1.1', sourceIp: said, userAgent: said },
            requestId: said,
            routeKey: said,
            stage: '$default',
            time: 'Sun, 15 Jun 2025 15:06:40 GMT',
            timeEpoch: 1_750_000_000_000,
          },
          body: Buffer.from('{"x":1}').toString('base64'),
          ...(several.length === 0 ? {} : { pathParameters }),
          isBase64Encoded: true,
        })
      }),
    )
  })

  it('leaves out of a list what would be read as several of it', () => {
    const roles = ['customer', 'no admin', 'a]', 'b,admin', 'x\tadmin']
    const user = { kind: 'user', id: 'u', name: 'alice', roles } as const
    expect(event({ ...call, user })).toMatchObject({
      requestContext: { authorizer: { jwt: { claims: { 'cognito:groups': '[customer]' } }, lambda: { roles } } },
    })
  })

  it('names the calling function beside the claims of the person', () => {
    expect(event({ ...call, caller: 'arn:sallyport:function:checkout:internal:orders' })).toMatchObject({
      requestContext: {
        authorizer: {
          lambda: { caller: 'arn:sallyport:function:checkout:internal:orders', user: 'alice', transaction: 't1' },
        },
      },
    })
  })

  it('encodes a body that is not text', () => {
    const image = { ...call, headers: new Map([['content-type', 'image/png']]), body: Buffer.from([255, 0]) }
    expect(event(image)).toMatchObject({ body: '/wA=', isBase64Encoded: true })
  })
})

describe('fromFunctionResult', () => {
  it('takes status, headers, cookies and body as the function says', () => {
    expect(
      answer({ statusCode: 201, headers: { 'X-A': 1 }, cookies: ['a=1', 'b=2'], body: 'aGk=', isBase64Encoded: true }),
    ).toEqual({
      status: 201,
      headers: [
        ['x-a', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['content-type', 'text/plain;charset=utf-8'],
      ],
      body: 'hi',
    })
  })

  it('infers 200 and JSON when no status is given', () => {
    expect(answer({ ok: true })).toEqual({
      status: 200,
      headers: [['content-type', 'application/json']],
      body: '{"ok":true}',
    })
    expect(answer('hello')).toMatchObject({ status: 200, body: 'hello' })
    expect(answer(null)).toMatchObject({ status: 200, body: 'null' })
  })

  it('drops headers that belong to a connection', () => {
    expect(
      answer({ statusCode: 200, headers: { 'Transfer-Encoding': 'chunked', 'content-type': 'a/b' } }),
    ).toMatchObject({ headers: [['content-type', 'a/b']] })
  })

  it('drops headers in which only we speak: which decision it was, and the nonce of the next proof', () => {
    const headers = { 'X-Sallyport-Id': 'another', 'DPoP-Nonce': 'n', 'x-sallyport-user': 'a', 'content-type': 'a/b' }
    expect(answer({ statusCode: 200, headers })).toMatchObject({ headers: [['content-type', 'a/b']] })
  })

  for (const [what, value] of [
    ['a status that is none', { statusCode: 99 }],
    ['a status beyond all', { statusCode: 999 }],
    ['a status with a fraction', { statusCode: 200.5 }],
    ['headers that are a list', { statusCode: 200, headers: ['a'] }],
    ['a header of several values as one', { statusCode: 200, headers: { a: ['x'] } }],
    ['several values that are a list', { statusCode: 200, multiValueHeaders: [['a']] }],
    ['a coding that is no yes or no', { statusCode: 200, isBase64Encoded: 'no' }],
    ['a header that injects another', { statusCode: 200, headers: { a: 'x\r\nset-cookie: y' } }],
    ['a header name with a blank', { statusCode: 200, headers: { 'a b': 'x' } }],
    ['a body that is no text', { statusCode: 200, body: {} }],
    ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }],
    ['more fields than a client reads', { statusCode: 200, cookies: Array(1_001).fill('a=1') }],
  ] as const) {
    it(`refuses ${what}`, () => expect(answer(value)).toBeUndefined())
  }

  it('hands on what nests deeper than a stack goes', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(fromFunctionResult(Buffer.from(deep))?.body.toString()).toBe(deep)
  })

  it('refuses what is no JSON in UTF-8', () => {
    expect(fromFunctionResult(Buffer.from('{'))).toBeUndefined()
    expect(fromFunctionResult(Buffer.from('"\xff"', 'latin1'))).toBeUndefined()
  })
})
