import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { openBrowser } from './browser.ts'

test('a sign-in is sent to no other host than the provider, wherever a page leads', async () => {
  const asked: string[] = []
  const server = createServer((message, response) => {
    asked.push(String(message.headers.host))
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on an address
  const origin = `http://127.0.0.1:${port}`
  const browser = openBrowser(origin, '', undefined)
  expect((await browser.get('/auth')).status).toBe(200)
  expect((await browser.get(`${origin}/auth`)).status).toBe(200)
  for (const elsewhere of [`http://localhost:${port}/auth`, '//localhost/auth', 'https://evil.example/']) {
    await expect(browser.submit(elsewhere, { password: 'p' })).rejects.toThrow('the provider sent the sign-in to')
  }
  await browser.close()
  server.close()
  expect(asked).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`])
})
