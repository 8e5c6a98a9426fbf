import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { discoverKeys } from '@sallyport/core/identity'
import { afterEach, describe, expect, test } from 'vitest'

import { fetchDocument, guardedFetch, mayAsk } from './fetch-document.ts'

let server: Server | undefined

afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))))

async function serve(listener: RequestListener): Promise<string> {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((resolve) => void listening.listen(0, '127.0.0.1', resolve))
  return `http://localhost:${(listening.address() as AddressInfo).port}`
}

const rules = (
  loopback: boolean,
  signal = AbortSignal.timeout(10_000),
): { loopback: boolean; signal: AbortSignal } => ({
  loopback,
  signal,
})

test('an address may be asked when it is public, and in development when it is of this machine', () => {
  const addresses = ['192.0.2.1', '8.8.8.8', '127.0.0.1', '10.0.0.1', '169.254.169.254']
  const [here, there] = [true, false].map((loopback) => addresses.filter((address) => mayAsk(address, loopback)))
  expect([here, there]).toEqual([['8.8.8.8', '127.0.0.1'], ['8.8.8.8']])
})

describe("an issuer's document", () => {
  test('is fetched from this machine in development alone', async () => {
    const address = await serve((_, answer) => void answer.end('{"keys":[]}'))
    expect(Buffer.from(await fetchDocument(new URL(address), rules(true))).toString()).toBe('{"keys":[]}')
    await expect(fetchDocument(new URL(address), rules(false))).rejects.toMatchObject({ code: 'issuer.address' })
  })

  test('is found by discovery, when the document speaks for the issuer that was asked for', async () => {
    let named = ''
    const address = await serve(({ url }, answer) => {
      const metadata = { issuer: named, jwks_uri: `${address}/keys` }
      answer.end(JSON.stringify(url === '/keys' ? { keys: [{ kid: 'a' }] } : metadata))
    })
    const keys = discoverKeys({ issuer: address, loopback: true }, fetchDocument)
    await expect(keys(AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'issuer.mismatch' })
    named = address
    expect(await keys(AbortSignal.timeout(10_000))).toEqual({ keys: [{ kid: 'a' }] })
  })

  test.each<[string, RequestListener]>([
    ['that leads elsewhere', (_, answer) => void answer.writeHead(302, { location: '/elsewhere' }).end()],
    ['that is not there', (_, answer) => void answer.writeHead(404).end()],
    ['that does not end', (_, answer) => void answer.end(Buffer.alloc(300_000, ' '))],
    ['that breaks off', ({ socket }, answer) => void answer.write('{', () => void socket.destroy())],
  ])('%s is refused', async (_, listener) => {
    const address = await serve(listener)
    await expect(fetchDocument(new URL(address), rules(true))).rejects.toMatchObject({ code: 'issuer.keys_unusable' })
  })

  test('that is never sent ends with the signal', async () => {
    const stop = new AbortController()
    const address = await serve(() => stop.abort())
    await expect(fetchDocument(new URL(address), rules(true, stop.signal))).rejects.toMatchObject({
      code: 'issuer.keys_unusable',
    })
  })
})

describe('a fetch for libraries', () => {
  const ask = (address: string, loopback = true, signal = AbortSignal.timeout(10_000)): Promise<Response> =>
    guardedFetch({ loopback })(address, { method: 'POST', headers: { 'x-a': 'b' }, body: 'c=d', signal })

  test('sends what it was given, and leaves the status to whoever asked', async () => {
    const address = await serve((request, answer) => {
      request.setEncoding('utf8').on('data', (body: string) => {
        answer.writeHead(400, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
        answer.end(JSON.stringify([request.method, request.headers['x-a'], body]))
      })
    })
    const answer = await ask(address)
    expect([answer.status, await answer.json()]).toEqual([400, ['POST', 'b', 'c=d']])
    expect([...answer.headers]).toEqual([['content-type', 'application/json']])
  })

  test('gives an answer without a body, and refuses a status that is none', async () => {
    let status = 204
    const address = await serve((_, answer) => void answer.writeHead(status).end())
    expect([(await ask(address)).status, await (await ask(address)).text()]).toEqual([204, ''])
    status = 600
    await expect(ask(address)).rejects.toMatchObject({ code: 'issuer.keys_unusable' })
  })

  test('follows no redirect, wherever it leads', async () => {
    const address = await serve((_, answer) => void answer.writeHead(302, { location: 'http://10.0.0.1/' }).end())
    expect((await ask(address)).status).toBe(302)
  })

  for (const address of ['http://127.0.0.1:9', 'https://10.0.0.1/', 'https://169.254.169.254/', 'https://[fd00::1]/']) {
    test(`does not ask ${address}`, async () => {
      await expect(ask(address, false)).rejects.toMatchObject({ code: 'issuer.address' })
    })
  }

  test('ends where an answer has no end, or never comes', async () => {
    const endless = await serve((_, answer) => void answer.end(Buffer.alloc(300_000, ' ')))
    await expect(ask(endless)).rejects.toMatchObject({ code: 'issuer.keys_unusable' })
    const stop = new AbortController()
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
    const silent = await serve(() => stop.abort())
    await expect(ask(silent, true, stop.signal)).rejects.toMatchObject({ code: 'issuer.keys_unusable' })
  })
})
