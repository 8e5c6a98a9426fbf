import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { localApi, refusalOf, statusOf } from './local-api.ts'
import { appWith } from './testing.ts'

let app: ReturnType<typeof appWith>
let server: Server
let breaks: boolean
let endless: boolean
/** What the server answers at a path, whole. */
let said: Readonly<Record<string, readonly [status: number, body: string]>>

beforeEach(async () => {
  breaks = false
  endless = false
  said = {}
  app = appWith({ 'sallyport.yaml': 'app: checkout\n', '.sallyport/api-token': 'local-token\n' })
  server = createServer((message, response) => {
    message.resume()
    const [status, body] = said[message.url ?? ''] ?? [0, '']
    if (status > 0) return response.writeHead(status).end(body)
    if (message.url === '/whole') return response.end('{"result":1}')
    if (endless) return response.end(`"${' '.repeat(33 * 1024 * 1024)}"`)
    response.writeHead(200, { 'content-type': 'application/vnd.sallyport.stream', 'x-sallyport-status': '201' })
    response.write('one')
    setImmediate(() => (breaks ? response.destroy() : response.end('two')))
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(join(app.folder, '.sallyport/api.sock'), resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  app.remove()
})

test('an answer that streams comes in parts, with the status of whoever makes it', async () => {
  const opened = await localApi(app.folder).open({ method: 'POST', path: '/stream' })
  if (!('parts' in opened)) throw new Error('it is whole')
  expect(opened.status).toBe(201)
  let text = ''
  for await (const part of opened.parts) text += new TextDecoder().decode(part)
  expect(text).toBe('onetwo')
})

test('where it breaks off, it is no short answer', async () => {
  breaks = true
  const opened = await localApi(app.folder).open({ method: 'POST', path: '/stream' })
  if (!('parts' in opened)) throw new Error('it is whole')
  await expect(Array.fromAsync(opened.parts)).rejects.toMatchObject({ code: 'cli.no_answer' })
})

test('an answer that is whole is a value, and one that streams is none', async () => {
  const api = localApi(app.folder)
  expect(await api.open({ method: 'POST', path: '/whole' })).toEqual({ value: { result: 1 } })
  expect(await api.call({ method: 'POST', path: '/whole' })).toEqual({ result: 1 })
  await expect(api.call({ method: 'POST', path: '/stream' })).rejects.toMatchObject({ code: 'cli.no_answer' })
})

test("nothing is sent to a socket that another user's folder names, or one that everybody may write to", async () => {
  const api = localApi(app.folder)
  const state = join(app.folder, '.sallyport')
  const own = process.getuid?.() ?? 0
  const owner = own === 0 ? 12_345 : own
  if (own === 0) chownSync(state, owner, owner)
  const self = vi.spyOn(process, 'getuid')
  try {
    self.mockReturnValue(owner)
    expect(await api.call({ method: 'POST', path: '/whole' })).toEqual({ result: 1 })
    self.mockReturnValue(owner + 1)
    await expect(api.call({ method: 'POST', path: '/whole' })).rejects.toMatchObject({ code: 'cli.foreign_state' })
    self.mockReturnValue(owner)
    chmodSync(state, 0o777)
    await expect(api.call({ method: 'POST', path: '/whole' })).rejects.toMatchObject({ code: 'cli.foreign_state' })
  } finally {
    self.mockRestore()
    chmodSync(state, 0o700)
  }
})

test.skipIf(process.getuid?.() !== 0)(
  "nothing is sent to another user's socket that a folder of ours names (as root only)",
  async () => {
    const socket = join(app.folder, '.sallyport/api.sock')
    chownSync(socket, 12_345, 12_345)
    const api = localApi(app.folder)
    await expect(api.call({ method: 'POST', path: '/whole' })).rejects.toMatchObject({ code: 'cli.foreign_state' })
    chownSync(socket, 0, 0)
    expect(await api.call({ method: 'POST', path: '/whole' }), 'control').toEqual({ result: 1 })
  },
)

test('an answer without end is none', { timeout: 60_000 }, async () => {
  endless = true
  await expect(localApi(app.folder).call({ method: 'GET', path: '/endless' })).rejects.toMatchObject({
    code: 'cli.no_answer',
  })
})

test('no server, and a token of its own that cannot be read, are told apart', async () => {
  const token = join(app.folder, '.sallyport/api-token')
  rmSync(token)
  await expect(localApi(app.folder).call({ method: 'GET', path: '/whole' })).rejects.toMatchObject({
    code: 'cli.not_running',
    fix: expect.stringMatching(/^sallyport up /),
  })
  mkdirSync(token)
  await expect(localApi(app.folder).call({ method: 'GET', path: '/whole' })).rejects.toMatchObject({
    code: 'cli.no_answer',
  })
})

test('what no server of ours says is no status', async () => {
  const status = (body: string): ReturnType<typeof statusOf> => {
    said = { '/v1/status': [200, body] }
    return statusOf(localApi(app.folder))
  }
  expect(await status('{"app":"checkout","pid":7}')).toMatchObject({ app: 'checkout', pid: 7, gateway: '' })
  for (const body of ['', '[]', '"checkout"', '{"app"']) {
    await expect(status(body), body).rejects.toMatchObject({ code: 'cli.no_answer' })
  }
})

test('lines that are refused are a refusal, and no lines', async () => {
  const lines = (): Promise<readonly string[]> => Array.fromAsync(localApi(app.folder).lines('/lines'))
  said = { '/lines': [200, 'one\ntwo\nand a rest'] }
  expect(await lines()).toEqual(['one', 'two', 'and a rest'])
  said = { '/lines': [403, '{"code":"api.user","reason":"nobody asked","id":"d-1"}'] }
  await expect(lines()).rejects.toMatchObject({ code: 'cli.refused', message: 'refused: api.user: nobody asked' })
})

test.each<readonly [unknown, string, string | undefined]>([
  [{ code: 'a.b', reason: 'no', id: 'd-1' }, 'refused: a.b: no', 'sallyport why d-1'],
  [{ code: 'a.b', reason: 'no', id: 'd-1', fix: 'sallyport x' }, 'refused: a.b: no', 'sallyport x'],
  [{ code: 7 }, 'refused: status 500: no reason given', undefined],
  [['a.b'], 'refused: status 500: no reason given', undefined],
])('a refusal %j says “%s” and names %s', (value, message, fix) => {
  expect(refusalOf(value, 500)).toMatchObject({ code: 'cli.refused', message })
  expect(refusalOf(value, 500).fix).toBe(fix)
})
