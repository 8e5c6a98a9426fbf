import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

/** A server in the place of the real one: it remembers what it was asked, and answers what the test says. */
interface Fake {
  readonly asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
  answer: { status: number; body: string }
}

async function fakeServer(listenOn: string | number, fake: Fake): Promise<Server> {
  const server = createServer((message, response) => {
    let body = ''
    message.setEncoding('utf8').on('data', (part: string) => (body += part))
    message.on('end', () => {
      fake.asked.push({ method: message.method ?? '', url: message.url ?? '', headers: message.headers, body })
      response.writeHead(fake.answer.status, { 'content-type': 'application/json' }).end(fake.answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(listenOn, resolve))
  return server
}

describe('commands that ask a running server', () => {
  let app: ReturnType<typeof appWith>
  let server: Server
  let fake: Fake
  beforeEach(async () => {
    app = appWith({ 'sallyport.yaml': 'app: checkout\n', '.sallyport/api-token': 'local-token\n' })
    fake = { asked: [], answer: { status: 200, body: '{}' } }
    server = await fakeServer(join(app.folder, '.sallyport/api.sock'), fake)
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    app.remove()
  })
  const say = (line: readonly string[], input?: string) =>
    type(line, { cwd: app.folder, ...(input === undefined ? {} : { input }) })

  test('requests lists what was asked for, with the local token alone', async () => {
    fake.answer.body = JSON.stringify({
      requests: [
        {
          id: 'r1',
          subject: 'arn:sallyport:identity:checkout::user/ada',
          role: 'admin',
          state: 'requested',
          reason: 'refund o1',
        },
      ],
    })
    expect(await say(['requests'])).toEqual({
      stdout: 'r1  ada -> admin  requested: refund o1\n',
      stderr: '',
      exitCode: 0,
    })
    expect(fake.asked).toMatchObject([
      { method: 'GET', url: '/v1/elevation', headers: { authorization: 'Bearer local-token' } },
    ])
    expect(fake.asked[0]?.headers['x-sallyport-user-token']).toBeUndefined()
  })

  test('a reason that another person gave is text in one line, and nothing that a terminal obeys', async () => {
    fake.answer.body = JSON.stringify({ requests: [{ id: 'r1', reason: 'a\u001B[2K\nr2  ada -> admin  granted' }] })
    expect((await say(['requests'])).stdout).toBe('r1  ? -> ?  requested: a\uFFFD[2K r2  ada -> admin  granted\n')
  })

  test('logs shows each line with its transaction, and nothing that could move the cursor', async () => {
    fake.answer.body = [
      { at: 0, functionName: 'orders', boxId: 'b', transaction: '0123456789abcdef', stream: 'stdout', text: 'hello' },
      { at: 0, functionName: 'payments', boxId: 'b', stream: 'stderr', text: '\u001B[2Jgone' },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n')
    expect((await say(['logs'])).stdout).toBe(
      '00:00:00.000 01234567 orders hello\n00:00:00.000 - payments \uFFFD[2Jgone\n',
    )
    expect((await say(['logs', 'orders'])).stdout).toBe('00:00:00.000 01234567 orders hello\n')
    expect((await say(['logs', '-f'])).exitCode).toBe(0)
    expect(fake.asked.at(-1)?.url).toBe('/v1/logs?follow=1')
  })

  test("a refusal comes with the server's own words, the way to why, and exit code 1", async () => {
    fake.answer = {
      status: 403,
      body: JSON.stringify({ code: 'policy.implicit_deny', reason: 'not yours', id: 'abc' }),
    }
    expect(await say(['requests'])).toEqual({
      stdout: '',
      stderr: 'sallyport: refused: policy.implicit_deny: not yours (cli.refused)\n  fix: sallyport why abc\n',
      exitCode: 1,
    })
  })

  test('an answer that is no JSON is an error, not a result', async () => {
    fake.answer.body = '<html>'
    expect(await say(['requests'])).toMatchObject({ stdout: '', exitCode: 4 })
  })

  test('an HTTP event goes through the gateway as it stands, without what the sign-in decides', async () => {
    const gateway = await fakeServer(0, fake)
    const address = gateway.address()
    const port = typeof address === 'object' ? address?.port : undefined
    fake.answer.body = JSON.stringify({ gateway: `http://127.0.0.1:${port}`, caFile: '', pid: 1 })
    const event = {
      requestContext: { http: { method: 'POST' } },
      rawPath: '/checkout',
      rawQueryString: 'a=1',
      headers: { authorization: 'Bearer forged', 'X-Trace': 't' },
      body: '{"id":"o1"}',
    }
    const { exitCode } = await say(['invoke', 'storefront', '-'], JSON.stringify(event))
    await new Promise((resolve) => gateway.close(resolve))
    expect(exitCode).toBe(0)
    const last = fake.asked.at(-1)
    expect(last).toMatchObject({
      method: 'POST',
      url: '/checkout?a=1',
      body: '{"id":"o1"}',
      headers: { 'x-trace': 't' },
    })
    expect(last?.headers.authorization).toBeUndefined()
  })

  test('an HTTP event goes to no other host, whatever its path', async () => {
    fake.answer.body = JSON.stringify({ gateway: 'http://127.0.0.1:9', caFile: '', pid: 1 })
    for (const rawPath of ['//127.0.0.2:9/x', '/\\127.0.0.2:9/x', '///127.0.0.2:9/x']) {
      const event = JSON.stringify({ requestContext: { http: { method: 'GET' } }, rawPath })
      expect((await say(['invoke', 'storefront', '-'], event)).stderr, rawPath).toContain('(cli.bad_event)')
    }
    const event = JSON.stringify({ requestContext: { http: { method: 'GET' } }, rawPath: '/x' })
    expect((await say(['invoke', 'storefront', '-'], event)).stderr).toContain('http://127.0.0.1:9 does not answer')
  })

  test('what a function streams is shown as it comes, and is one answer as JSON', async () => {
    const gateway = createServer((_message, response) => {
      response.write('one ')
      setImmediate(() => response.end('two'))
    })
    await new Promise<void>((resolve) => gateway.listen(0, resolve))
    const address = gateway.address()
    const port = typeof address === 'object' ? address?.port : undefined
    fake.answer.body = JSON.stringify({ gateway: `http://127.0.0.1:${port}`, caFile: '', pid: 1 })
    const event = JSON.stringify({ requestContext: { http: { method: 'GET' } }, rawPath: '/stream' })
    expect((await say(['invoke', 'storefront', '-'], event)).stdout).toBe('200\none two\n')
    const { stdout } = await say(['invoke', 'storefront', '-', '--json'], event)
    gateway.closeAllConnections()
    await new Promise((resolve) => gateway.close(resolve))
    expect(JSON.parse(stdout)).toEqual({ status: 200, body: 'one two' })
  })

  test('what changes a server needs a person, and says so before anything but the status is asked', async () => {
    for (const line of [
      ['secret', 'set', 'stripe-key'],
      ['approve', 'r1'],
      ['request', 'admin', '--reason', 'x'],
      ['invoke', 'orders'],
    ]) {
      const { stderr, exitCode } = await say(line, 'value')
      expect(stderr).toContain('name one by --as USER')
      expect(exitCode).toBe(2)
    }
    expect(fake.asked.filter(({ url }) => url !== '/v1/status')).toEqual([])
  })
})

test('a command that needs a server says how to start one where none runs', async () => {
  const app = appWith({ 'sallyport.yaml': 'app: checkout\n' })
  const { stderr, exitCode } = await type(['logs'], { cwd: app.folder })
  app.remove()
  expect(stderr).toContain('(cli.not_running)')
  expect(exitCode).toBe(4)
})

describe('invoke reads the name before anybody signs in', () => {
  const app = appWith({
    'sallyport.yaml': `app: shop
zones: { public: { from: [internet] } }
functions:
  hello: { zone: public, code: hello.mjs, routes: { GET /hello: { who: [anyone] } } }
  price: { zone: public, code: hello.mjs, routes: { GET /price/:item: { who: [anyone] } } }
`,
    'hello.mjs': '',
  })
  afterAll(() => app.remove())
  const event = (rawPath: string): string =>
    JSON.stringify({ rawPath, requestContext: { http: { method: 'GET' } }, rawQueryString: 'a=1' })
  const say = (name: string, input?: string): ReturnType<typeof type> =>
    type(['invoke', name, ...(input === undefined ? [] : ['-'])], {
      cwd: app.folder,
      ...(input === undefined ? {} : { input }),
    })

  test.each([[undefined], [event('/hello')]])('a function that there is not is told as that', async (input) => {
    const { stderr, exitCode } = await say('helo', input)
    expect(stderr).toContain('there is no function helo; the functions are hello, price (cli.unknown_name)')
    expect(exitCode).toBe(2)
  })

  test('a request that another function answers is not sent', async () => {
    const { stderr, exitCode } = await say('price', event('/hello'))
    expect(stderr).toContain('GET /hello?a=1 is a route of hello, not of price (cli.usage)')
    expect(exitCode).toBe(2)
    // What a route of the function answers, or none at all, goes on to the server, as the control.
    for (const path of ['/price/7', '/nowhere']) {
      expect((await say('price', event(path))).stderr, path).toContain('(cli.not_running)')
    }
  })
})
