import { once } from 'node:events'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

import { Secret } from '@sallyport/core/access'
import { beforeAll, describe, expect, it } from 'vitest'

import { type Authority, openAuthority } from '../certificates/index.ts'
import { wholeAnswer } from './returned.ts'
import { createUpstreams } from './upstream.ts'

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
    return `${Buffer.from(await wholeAnswer(answer.body, 100)).toString()} over ${answer.tls}`
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
})
