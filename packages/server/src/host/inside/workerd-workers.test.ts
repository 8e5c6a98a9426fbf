import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** What a worker is bound to: a host that fetches. */
interface Bound {
  readonly fetch: (request: Request) => Promise<Response>
}
interface Loop {
  readonly test: (controller: object, env: object) => Promise<never>
}
interface Shim {
  readonly fetch: (request: Request, env: object, context: object) => Promise<Response>
}

const event = { requestContext: { http: { method: 'GET' } }, rawPath: '/a', headers: { host: 'a.example' } }
const inside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe("workerd's loop", () => {
  let loop: Loop
  beforeAll(async () => {
    ;({ default: loop } = (await import(pathToFileURL(inside('./workerd-loop.mjs')).href)) as { default: Loop })
  })

  /** What the host hears of one invocation that this function serves. */
  async function told(serve: (request: Request) => Promise<Response>): Promise<readonly [path: string, body: string]> {
    const heard: [string, string][] = []
    let asked = 0
    const RUNTIME = {
      fetch: async (url: string, { body = '' }: { readonly body?: string } = {}): Promise<Response> => {
        if (!url.endsWith('/next')) {
          heard.push([new URL(url).pathname.split('/').slice(-2).join('/'), body])
          return new Response('')
        }
        if ((asked += 1) > 2) throw new Error('it asks on')
        const headers = { 'lambda-runtime-aws-request-id': 'i1' }
        return asked === 1 ? new Response(JSON.stringify(event), { headers }) : new Response('{}', { status: 403 })
      },
    }
    await expect(loop.test({}, { RUNTIME, FUNCTION: { fetch: serve } satisfies Bound })).rejects.toThrow('with 403')
    expect(heard).toHaveLength(1)
    return heard[0] ?? ['', '']
  }

  it('answers for the function, and ends where the host says so', async () => {
    const [path, body] = await told(async () => new Response('hi', { headers: { 'content-type': 'text/plain' } }))
    expect([path, JSON.parse(body)]).toMatchObject(['i1/response', { statusCode: 200, body: 'hi' }])
  })

  it('follows no redirect of the function', async () => {
    const [, body] = await told(async ({ redirect }) => new Response(redirect))
    expect(JSON.parse(body)).toMatchObject({ body: 'manual' })
  })

  it('tells what the function threw as no answer', async () => {
    const thrown = new Response('{"errorType":"Error"}', { headers: { 'sallyport-failure': 'yes' } })
    expect(await told(async () => thrown)).toEqual(['i1/error', '{"errorType":"Error"}'])
  })

  it('tells the end of a call that workerd ended as no answer', async () => {
    const [path, body] = await told(() => Promise.reject(new TypeError('hung')))
    expect([path, JSON.parse(body)]).toMatchObject(['i1/error', { errorType: 'TypeError', errorMessage: 'hung' }])
  })
})

describe("workerd's shim", () => {
  let folder: string
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'sallyport-shim-'))))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The answer of a function of this code, as its own worker gives it. */
  async function answer(name: string, code: string): Promise<Response> {
    const shim = join(folder, name, 'shim.mjs')
    mkdirSync(join(folder, name))
    copyFileSync(inside('./workerd-shim.mjs'), shim)
    writeFileSync(join(folder, name, 'index.mjs'), code)
    const module = (await import(pathToFileURL(shim).href)) as { default: Shim }
    return module.default.fetch(new Request('http://a/'), {}, { props: {} })
  }

  it('gives an answer once what was promised for later is done', async () => {
    const code = `export default { fetch(request, env, { waitUntil }) {
      globalThis.promised = 'open'
      waitUntil(new Promise((resolve) => setTimeout(resolve, 5)).then(() => (globalThis.promised = 'done')))
      return new Response('hi')
    } }`
    const response = await answer('later', code)
    expect([response.headers.has('sallyport-failure'), await response.text()]).toEqual([false, 'hi'])
    expect(Reflect.get(globalThis, 'promised')).toBe('done')
  })

  for (const [what, code, errorType] of [
    ['code that serves nothing', 'export default {}', 'TypeError'],
    ['an answer that is no Response', 'export default { fetch: () => ({ body: null, status: 204 }) }', 'TypeError'],
    ['what was thrown', 'export default { fetch() { throw new RangeError() } }', 'RangeError'],
  ] as const) {
    it(`tells ${what} as a failure`, async () => {
      const response = await answer(errorType + code.length, code)
      expect([response.status, response.headers.get('sallyport-failure')]).toEqual([500, 'yes'])
      expect(await response.json()).toMatchObject({ errorType })
    })
  }
})
