import { chmodSync, chownSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { localApi } from './local-api.ts'
import { appWith } from './testing.ts'

let app: ReturnType<typeof appWith>
let server: Server
let breaks: boolean
let endless: boolean

beforeEach(async () => {
  breaks = false
  endless = false
  app = appWith({ 'sallyport.yaml': 'app: checkout\n', '.sallyport/api-token': 'local-token\n' })
  server = createServer((message, response) => {
    message.resume()
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
