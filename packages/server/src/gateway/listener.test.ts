import { once } from 'node:events'
import { connect } from 'node:net'

import type { Gate } from '@sallyport/core/enforcement'
import type { Route } from '@sallyport/manifest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { authoritiesAt, type Gateway, startGateway } from './listener.ts'
import { jsonResponse } from './refusal.ts'
import type { Destination, IngressRequest, IngressResponse } from './request.ts'

// What the walk was handed; the fake gate answers with the fault it saw, or with 200.
let seen: IngressRequest[] = []
let gateway: Gateway
let failing = false
let mayKnock = true
let mayConnect = true

const route: Route = {
  key: 'POST /echo/:id',
  method: 'POST',
  path: '/echo/:id',
  who: [],
  anyone: true,
  maxBodyBytes: 64,
  arn: 'arn:sallyport:route:test:public:echo/POST /echo/:id',
  at: { file: 'sallyport.yaml', line: 1, column: 1 },
}
const destination: Destination = {
  functionName: 'echo',
  functionArn: 'arn:sallyport:function:test:public:echo',
  zone: 'public',
  route,
  parameters: {},
}

const gate = {
  authenticate: (request: IngressRequest) => {
    if (failing) throw new Error('the policy room is on fire')
    seen.push(request)
    return { kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] }
  },
  describe: () => [{}],
  gather: (asked: unknown) => asked,
  decide: () => ({ effect: 'deny' }),
  record: () => Promise.resolve({}),
  refuse: (_decision: unknown, _receipt: unknown, request: IngressRequest) =>
    jsonResponse(request.fault === undefined ? 200 : 400, { code: request.fault?.code ?? 'ok' }),
} as unknown as Gate<IngressRequest, IngressResponse> // a fake with only the steps that a refusal takes

beforeEach(async () => {
  seen = []
  failing = false
  mayKnock = true
  mayConnect = true
  gateway = await startGateway({
    port: 0,
    gate,
    route: (method, path) => (method === 'POST' && path.startsWith('/echo/') ? destination : undefined),
    published: (path) => {
      if (path === '/.well-known/none') return { status: 204, headers: [], body: Buffer.from('body') }
      return path === '/.well-known/keys' ? jsonResponse(200, { keys: [] }) : undefined
    },
    own: (_method, path) =>
      path === '/.well-known/sallyport/echo'
        ? {
            maxBodyBytes: 4,
            answer: async ({ body, fault }) => jsonResponse(fault === undefined ? 202 : 413, body.length),
          }
        : undefined,
    mayKnock: () => mayKnock,
    mayConnect: () => mayConnect,
    onFailure: () => undefined,
    nowMs: () => 0,
  })
})

afterEach(() => gateway.close())

/** Sends exactly these bytes and reads until the server closes, or is silent for 80 ms after it has said something. */
async function send(text: string): Promise<string> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
    socket.setTimeout(80)
  })
  socket.write(text, 'latin1')
  await new Promise<void>((resolve) => {
    socket.setTimeout(5_000, () => resolve())
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
  })
  socket.destroy()
  return answer
}

const host = (): string => `Host: ${new URL(gateway.url).host}`

describe('an ordinary request', () => {
  test('reaches the walk with its path, query, headers and body', async () => {
    const body = '{"a":1}'
    const answer = await send(
      `POST /echo/1?x=2 HTTP/1.1\r\n${host()}\r\nContent-Length: ${body.length}\r\nX-Thing: a\r\n\r\n${body}`,
    )
    expect(answer).toContain('200 OK')
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/echo/1', query: 'x=2', destination })
    expect(seen[0]?.headers.get('x-thing')).toBe('a')
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe(body)
  })
})

test('what the gateway publishes is read without a walk, by its exact path, and only read', async () => {
  expect(await send(`GET /.well-known/keys HTTP/1.1\r\n${host()}\r\n\r\n`)).toContain('200 OK')
  expect(seen).toEqual([])
  for (const other of ['POST /.well-known/keys', 'GET /.well-known/keys/', 'GET /.well-known/Keys']) {
    await send(`${other} HTTP/1.1\r\n${host()}\r\n\r\n`)
  }
  expect(seen).toHaveLength(3)
})

test('an expectation that nobody knows is no way round the walk', async () => {
  expect(await send(`GET /echo/1 HTTP/1.1\r\n${host()}\r\nExpect: 200-maybe\r\n\r\n`)).toContain('200 OK')
  expect(seen).toHaveLength(1)
})

describe('a request that two readers could read differently is a fault, not a guess', () => {
  const get = (line: string, ...headers: string[]): string =>
    `${line} HTTP/1.1\r\n${[host(), ...headers].join('\r\n')}\r\n\r\n`
  const cases: readonly [name: string, code: string, request: () => string][] = [
    [
      'two Authorization headers',
      'request.duplicate_header',
      () => get('GET /echo/1', 'Authorization: Bearer a', 'Authorization: Bearer b'),
    ],
    ['two Host headers', 'request.duplicate_header', () => get('GET /echo/1', 'Host: other.example')],
    ['two DPoP headers', 'request.duplicate_header', () => get('GET /echo/1', 'DPoP: a', 'DPoP: b')],
    ['dot segments', 'request.path', () => get('GET /echo/../admin')],
    ['encoded dot segments', 'request.path', () => get('GET /echo/%2e%2E/admin')],
    ['encoded slash', 'request.path', () => get('GET /echo%2fadmin')],
    ['encoded backslash', 'request.path', () => get('GET /echo%5cadmin')],
    ['encoded NUL', 'request.path', () => get('GET /echo/%00')],
    ['doubled slash', 'request.path', () => get('GET //echo/1')],
    ['path parameters', 'request.path', () => get('GET /echo/1;admin=1')],
    ['percent sign without a sequence', 'request.path', () => get('GET /echo/%zz')],
    ['absolute form', 'request.path', () => get('GET http://other.example/echo/1')],
    ['another Host', 'request.authority', () => `GET /echo/1 HTTP/1.1\r\nHost: other.example\r\n\r\n`],
    ['no Host', 'request.authority', () => `GET /echo/1 HTTP/1.1\r\nX-Nothing: 1\r\n\r\n`],
    ['HTTP/1.0', 'request.http_version', () => `GET /echo/1 HTTP/1.0\r\n${host()}\r\n\r\n`],
    ['content encoding', 'request.content_encoding', () => get('GET /echo/1', 'Content-Encoding: gzip')],
    ['an upgrade', 'request.upgrade', () => get('GET /echo/1', 'Upgrade: h2c')],
    [
      'a coding before the chunks',
      'request.framing',
      () => `${get('POST /echo/1', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
    ],
    ['TRACE', 'request.method', () => get('TRACE /echo/1')],
  ]
  test.each(cases)('%s', async (_name, code, request) => {
    expect(await send(request())).toContain(code)
  })

  test('Content-Length beside Transfer-Encoding never reaches the walk', async () => {
    const smuggled = 'POST /echo/1 HTTP/1.1\r\n'
    const answer = await send(
      `${smuggled}${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` +
        `GET /echo/smuggled HTTP/1.1\r\n${host()}\r\n\r\n`,
    )
    expect(answer).not.toContain('200 OK')
    expect(seen.map(({ path }) => path)).not.toContain('/echo/smuggled')
  })

  test('a bare line feed as a request line is no HTTP/0.9 request', async () => {
    expect(await send('GET /echo/1\n\n')).not.toContain('200')
    expect(seen).toHaveLength(0)
  })
})

test('a token and its proof are evidence, and no header that a function sees', async () => {
  const proofs = 'Authorization: DPoP t\r\nDPoP: a.b.c\r\nSallyport-Device: d.e.f'
  await send(`GET /echo/1?a=b HTTP/1.1\r\n${host()}\r\n${proofs}\r\n\r\n`)
  expect(seen[0]).toMatchObject({ credentials: ['DPoP t'], proofs: ['a.b.c'], statements: ['d.e.f'] })
  expect(seen[0]?.url).toBe(`${gateway.url}/echo/1`)
  expect([...(seen[0]?.headers.keys() ?? [])]).toEqual(['host'])
})

test('what only the gateway may state is dropped: forwarding headers and our own names', async () => {
  await send(
    `POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\nX-Forwarded-For: 1.2.3.4\r\n` +
      'X_Forwarded_For: 1.2.3.4\r\nForwarded: for=1\r\nx-sallyport-user: admin\r\n' +
      'X-HTTP-Method-Override: DELETE\r\nX-Kept: 1\r\n\r\n',
  )
  expect([...(seen[0]?.headers.keys() ?? [])].toSorted()).toEqual(['content-length', 'host', 'x-kept'])
})

test('what platforms and proxies state to those behind them is dropped, in every spelling', async () => {
  const names = [
    'X-Client-IP True-Client-IP Client-IP X-Cluster-Client-IP X_Real_IP CF-Connecting-IP CF-IPCountry X-Forwarded',
    'CloudFront-Viewer-Country Remote-User X-Remote-User X-Auth-Request-Email X-MS-Client-Principal SSL-Client-Cert',
    'X-Goog-Authenticated-User-Email X-SSL-Client-Verify X-Method-Override X-Envoy-External-Address x_sallyport_user',
  ].flatMap((line) => line.split(' '))
  const kept = ['x-client-version', 'x-request-id', 'client', 'x-real']
  const head = [...names, ...kept].map((name) => `${name}: 1\r\n`).join('')
  await send(`POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\n${head}\r\n`)
  expect([...(seen[0]?.headers.keys() ?? [])]).toEqual(['host', 'content-length', ...kept])
})

test('an answer that has no body by its status states no length of one (RFC 9110 §8.6)', async () => {
  const answer = await send(`GET /.well-known/none HTTP/1.1\r\n${host()}\r\n\r\n`)
  expect(answer).toContain('204 No Content')
  expect(answer.toLowerCase()).not.toContain('content-length')
  expect(answer).not.toContain('body')
})

test("a body over the route's limit is refused and the rest of it is not taken for another request", async () => {
  const body = 'x'.repeat(100)
  const rest = `GET /echo/smuggled HTTP/1.1\r\n${host()}\r\n\r\n`
  const answer = await send(
    `POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: ${body.length + rest.length}\r\n\r\n${body}${rest}`,
  )
  expect(answer).toContain('request.too_large')
  expect(seen.map(({ path }) => path)).toEqual(['/echo/1'])
})

test('a chunked body over the limit is refused as well', async () => {
  const answer = await send(
    `POST /echo/1 HTTP/1.1\r\n${host()}\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n${'x'.repeat(100)}\r\n0\r\n\r\n`,
  )
  expect(answer).toContain('request.too_large')
})

test('an exception in the walk is a refusal with a code and tells nothing else', async () => {
  failing = true
  const answer = await send(`POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\n\r\n`)
  expect(answer).toContain('503')
  expect(answer).toContain('gateway.unavailable')
  expect(answer).not.toContain('on fire')
})

test('an address that knocks too often is refused before anything is parsed', async () => {
  mayKnock = false
  expect(await send(`POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\n\r\n`)).toContain('gateway.flooded')
  expect(seen).toHaveLength(0)
})

test('a connection for which there is no descriptor left is closed unread', async () => {
  const asked = `POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\n\r\n`
  mayConnect = false
  expect([await send(asked), seen.length]).toEqual(['', 0])
  mayConnect = true
  expect(await send(asked)).toContain('200 OK')
})

test('one network holds 500 connections and no more, and one that ends makes room', async () => {
  const port = Number(new URL(gateway.url).port)
  const held = await Promise.all(
    Array.from({ length: 500 }, async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      await once(socket, 'connect')
      return socket
    }),
  )
  const asked = `POST /echo/1 HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\n\r\n`
  expect([await send(asked), seen.length]).toEqual(['', 0])
  held.pop()?.destroy()
  await expect.poll(() => send(asked)).toContain('200 OK')
  for (const socket of held) socket.destroy()
})

test('Host needs no port where that is the scheme’s own, and at any other this machine’s own names need one', () => {
  expect(authoritiesAt(443, true, [])).toEqual(['localhost:443', '127.0.0.1:443', 'localhost', '127.0.0.1'])
  expect(authoritiesAt(80, false, [])).toContain('localhost')
  for (const [port, secure] of [
    [80, true],
    [443, false],
    [8443, true],
  ] as const)
    expect(authoritiesAt(port, secure, [])).not.toContain('localhost')
  expect(authoritiesAt(8443, true, ['shop.example'])).toEqual(
    expect.arrayContaining(['shop.example', 'shop.example:8443']),
  )
})
