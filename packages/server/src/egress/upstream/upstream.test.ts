import { once } from 'node:events'
import { createServer as createPlain } from 'node:http'
import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { TLSSocket } from 'node:tls'

import { Secret } from '@sallyport/core/access'
import { beforeAll, describe, expect, it, test } from 'vitest'

import { type Authority, openAuthority } from '../../certificates/index.ts'
import { wholeAnswer } from '../door/returned.ts'
import { createUpstreams } from './upstream.ts'
import type { UpstreamCall } from './upstream-call.ts'

const whole = { maxBytes: 100, reserve: () => true }

let authority: Authority
beforeAll(async () => {
  const kept = new Map<string, Secret<string>>()
  authority = await openAuthority({
    kind: 'gateway',
    app: 'test',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
  })
})

async function callTls(options: ServerOptions, caPem: string | undefined): Promise<string> {
  const server = createServer({ ...(await authority.leafFor(['localhost'])), ...options }, (_message, response) =>
    response.end('hello'),
  )
  server.listen(0)
  await once(server, 'listening')
  const upstreams = createUpstreams(caPem)
  try {
    const answer = await upstreams.call({
      pool: 'p',
      origin: `https://localhost:${(server.address() as AddressInfo).port}`,
      privateUpstream: true,
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 2_000,
      signal: new AbortController().signal,
    })
    return `${await wholeAnswer(answer.body, whole, String)} over ${answer.tls}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other'
  } finally {
    await upstreams.close()
    server.close()
  }
}

describe('an upstream of HTTPS', () => {
  it('is reached by TLS 1.3 where it can, by 1.2 where it must, and the version is told', async () => {
    expect(await callTls({}, authority.caPem)).toBe('hello over TLSv1.3')
    expect(await callTls({ maxVersion: 'TLSv1.2' }, authority.caPem)).toBe('hello over TLSv1.2')
  })

  it('is not reached by anything older', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    expect(await callTls(old, authority.caPem)).toBe('upstream.unreachable')
  })

  it('is not reached when nobody we know vouches for it', async () => {
    expect(await callTls({}, undefined)).toBe('upstream.unreachable')
  })

  it('is shown the certificate of the door, and is spoken to in HTTP/2 where both agree on it', async () => {
    const { key, cert } = await authority.leafFor(['localhost'])
    const server = createSecureServer({ key, cert, allowHTTP1: true, requestCert: true, rejectUnauthorized: false })
    server.on('request', (message, response) => {
      const socket = message.httpVersion === '2.0' ? message.stream.session?.socket : message.socket
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined
      response.end(`${message.httpVersion} ${String(shown ?? 'nobody')}`)
    })
    server.listen(0)
    await once(server, 'listening')
    const upstreams = createUpstreams(authority.caPem)
    const said = async (more: Partial<UpstreamCall>): Promise<string> => {
      const answer = await upstreams.call({
        pool: 'p',
        origin: `https://localhost:${(server.address() as AddressInfo).port}`,
        privateUpstream: true,
        method: 'GET',
        target: '/',
        headers: [],
        body: new Uint8Array(),
        timeoutMs: 5_000,
        signal: new AbortController().signal,
        ...more,
      })
      return `${await wholeAnswer(answer.body, whole, String)} over ${answer.tls}`
    }
    const certificate = { key, cert, digest: 'd1' }
    try {
      expect(await said({})).toBe('1.1 nobody over TLSv1.3')
      expect(await said({ certificate })).toBe('1.1 localhost over TLSv1.3')
      expect(await said({ certificate, protocol: '2' })).toBe('2.0 localhost over TLSv1.3')
    } finally {
      await upstreams.close()
      server.close()
    }
  })
})

describe('an upstream that speaks HTTP/1.1 alone', () => {
  it('is called that where it has to be spoken to in HTTP/2', async () => {
    const server = createPlain((_message, response) => response.end('hello')).listen(0)
    await once(server, 'listening')
    const upstreams = createUpstreams(undefined)
    const call: UpstreamCall = {
      pool: 'p',
      origin: `http://localhost:${(server.address() as AddressInfo).port}`,
      privateUpstream: true,
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    }
    expect(await upstreams.call(call), 'control').toMatchObject({ status: 200 })
    await expect(upstreams.call({ ...call, protocol: '2' })).rejects.toMatchObject({ code: 'upstream.protocol' })
    await upstreams.close()
    server.close()
  })
})

describe('an upstream of HTTP/2', () => {
  async function called(to: (stream: ServerHttp2Stream) => void, more: Partial<UpstreamCall>): Promise<unknown> {
    const server = createSecureServer(await authority.leafFor(['localhost'])).on('stream', to)
    await once(server.listen(0), 'listening')
    const upstreams = createUpstreams(authority.caPem)
    try {
      const { status, body } = await upstreams.call({
        pool: 'p',
        origin: `https://localhost:${(server.address() as AddressInfo).port}`,
        privateUpstream: true,
        protocol: '2',
        method: 'POST',
        target: '/',
        headers: [],
        body: new Uint8Array(),
        timeoutMs: 60_000,
        signal: new AbortController().signal,
        ...more,
      })
      if (!(body instanceof Uint8Array)) body.on('error', () => undefined) // it is given up below
      return status
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    } finally {
      await upstreams.close()
      server.close()
    }
  }

  it('has so long for its answer', async () => {
    const answers = (stream: ServerHttp2Stream): void => {
      stream.respond({ ':status': 204 })
      stream.end()
    }
    expect(await called(answers, {}), 'control').toBe(204)
    expect(await called(() => undefined, { timeoutMs: 50 })).toBe('upstream.timeout')
  })

  it('that resets what was asked is not there, and what was to be sent is let go', async () => {
    const body = new PassThrough()
    body.write('the beginning')
    expect(await called((stream) => stream.close(8), { body })).toBe('upstream.unreachable')
    expect(body.destroyed).toBe(true)
  })

  it('that breaks off an answer is sent no more', async () => {
    const body = new PassThrough()
    body.write('the beginning')
    const breaks = (stream: ServerHttp2Stream): void => {
      stream.respond({ ':status': 200 })
      stream.write('the beginning of an answer', () => stream.close(8))
    }
    expect(await called(breaks, { body })).toBe(200)
    await expect.poll(() => body.destroyed).toBe(true)
  })

  it('that is called by nobody any more is not waited for, and what was to be sent is let go', async () => {
    const ending = new AbortController()
    const body = new PassThrough()
    body.write('the beginning')
    expect(await called(() => ending.abort(), { body, signal: ending.signal })).toBe('upstream.aborted')
    expect(body.destroyed).toBe(true)
  })
})

for (const protocol of ['1.1', '2'] as const) {
  test(`what was to be sent to nobody is let go, in HTTP/${protocol}`, async () => {
    const upstreams = createUpstreams(undefined)
    const body = new PassThrough()
    body.write('the beginning')
    const call: UpstreamCall = {
      pool: 'p',
      origin: 'http://127.0.0.1:9',
      privateUpstream: true,
      protocol,
      method: 'POST',
      target: '/',
      headers: [],
      body,
      timeoutMs: 60_000,
      signal: new AbortController().signal,
    }
    await expect(upstreams.call(call)).rejects.toMatchObject({ code: 'upstream.unreachable' })
    expect(body.destroyed).toBe(true)
    await upstreams.close()
  })
}
