import { rmSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { engineContract } from './testing/engine-contract.ts'
import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

engineContract('the box engine', () => makeEngine())

describe('a box', () => {
  let under: EngineUnderTest
  let folder: string
  beforeAll(async () => {
    folder = openFolder()
    under = await makeEngine()
    await under.deploy()
  })
  afterAll(async () => {
    await under.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gives the context that AWS Lambda gives, and verified claims', async () => {
    const context = await under.call({ probe: 'context' })
    expect(context).toMatchObject({
      functionName: 'probe',
      memoryLimitInMB: '192',
      invokedFunctionArn: 'arn:sallyport:function:app:test:probe',
    })
    const claims = await under.call({ probe: 'claims' }, { transaction: 't9', actors: ['arn:a'] })
    expect(claims).toMatchObject({
      transaction: 't9',
      actors: ['arn:a'],
      audience: 'arn:sallyport:function:app:test:probe',
    })
    expect(Number(await under.call({ probe: 'remaining' }))).toBeGreaterThan(1_000)
  })

  it('tags output with the invocation that wrote it', async () => {
    await under.call({ probe: 'say', text: 'first' }, { transaction: 't-first' })
    await under.call({ probe: 'say', text: 'second' }, { transaction: 't-second' })
    const said = under.output.filter(({ text }) => ['first', 'second'].includes(text))
    expect(said.map(({ text, transaction }) => [text, transaction])).toEqual([
      ['first', 't-first'],
      ['second', 't-second'],
    ])
  })

  it('hears standard error as it comes, however much a function writes there', async () => {
    const text = 'e'.repeat(1_000)
    const call = { probe: 'complain', text, times: 150 }
    expect(await under.call(call, { transaction: 't-complains' })).toBe(150)
    const said = under.output.filter(({ stream, transaction }) => stream === 'stderr' && transaction === 't-complains')
    expect(said.map((line) => line.text)).toContain(text)
  })

  it('runs a callback handler', async () => {
    const source =
      'export function handler(event, context, callback) { setTimeout(() => callback(null, { got: event.x }), 5) }'
    await under.deploy({ name: 'callback', codeDir: codeFolder(folder, source) })
    expect(await under.call({ x: 7 }, { functionName: 'callback' })).toEqual({ got: 7 })
  })

  it('runs a fetch service behind API Gateway events', async () => {
    await under.deploy({
      name: 'service',
      codeDir: codeFolder(folder, fetchService),
      handler: 'index.default',
      shape: 'fetch',
    })
    const event = {
      version: '2.0',
      rawPath: '/a',
      rawQueryString: 'b=1',
      cookies: ['x=1', 'y=2'],
      headers: { host: 'h', 'x-many': '1,2' },
      requestContext: { http: { method: 'POST' }, domainName: 'shop.example' },
      body: Buffer.from([1, 255]).toString('base64'),
      isBase64Encoded: true,
    }
    const text = await under.call(event, { functionName: 'service' })
    expect(text).toMatchObject({
      statusCode: 201,
      cookies: ['a=1', 'b=2'],
      headers: { 'x-kind': 'v' },
      isBase64Encoded: false,
    })
    expect(JSON.parse((text as { body: string }).body)).toEqual({
      url: 'https://shop.example/a?b=1',
      method: 'POST',
      cookie: 'x=1; y=2',
      many: '1,2',
      body: [1, 255],
    })
    const binary = await under.call({ ...event, rawPath: '/binary' }, { functionName: 'service' })
    expect(binary).toMatchObject({ body: Buffer.from([0, 128]).toString('base64'), isBase64Encoded: true })
    const older = {
      httpMethod: 'GET',
      path: '/a',
      multiValueHeaders: { 'X-Many': ['1', '2'] },
      multiValueQueryStringParameters: { q: ['1', '2'] },
    }
    expect(await under.call(older, { functionName: 'service' })).toMatchObject({
      multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] },
    })
  })

  it('tells what went wrong when a module does not load, and does not try again at once', async () => {
    await under.deploy({ name: 'broken', codeDir: codeFolder(folder, 'throw new Error("at import")') })
    const results = await Promise.all([1, 2].map(() => under.invoke({}, { functionName: 'broken' })))
    expect(results).toEqual(
      results.map(() => ({
        kind: 'error',
        code: 'function.init_failed',
        message: expect.stringContaining('at import'),
      })),
    )
    const starts = (): number =>
      under.events.filter(({ kind, functionName }) => kind === 'box-start' && functionName === 'broken').length
    const before = starts()
    expect(await under.invoke({}, { functionName: 'broken' })).toMatchObject({ code: 'function.init_failed' })
    expect(starts()).toBe(before)
  })

  it('makes boxes ahead of need', async () => {
    await under.deploy({ name: 'warm', warmBoxes: 1, reuse: 'shared' })
    const starts = () =>
      under.events.filter(({ kind, functionName }) => kind === 'box-start' && functionName === 'warm')
    await expect.poll(() => starts().length, { timeout: 10_000 }).toBe(1)
    await under.call({ probe: 'say', text: 'from the reserve' }, { functionName: 'warm' })
    const said = under.output.find(({ text }) => text === 'from the reserve')
    expect(said?.boxId).toBe(starts()[0]?.boxId)
  })
})

const fetchService = `export default { async fetch(request) {
  const url = new URL(request.url)
  const png = { headers: { 'content-type': 'image/png' } }
  if (url.pathname === '/binary') return new Response(new Uint8Array([0, 128]), png)
  const body = [...new Uint8Array(await request.arrayBuffer())]
  const headers = new Headers({ 'content-type': 'application/json', 'x-kind': 'v' })
  headers.append('set-cookie', 'a=1')
  headers.append('set-cookie', 'b=2')
  const [cookie, many] = ['cookie', 'x-many'].map((name) => request.headers.get(name))
  const seen = { url: request.url, method: request.method, cookie, many, body }
  return new Response(JSON.stringify(seen), { status: 201, headers })
} }`
