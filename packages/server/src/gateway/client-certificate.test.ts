import { X509Certificate } from 'node:crypto'
import { Agent, request as httpsRequest } from 'node:https'
import type { SecureContextOptions } from 'node:tls'

import type { Secret } from '@sallyport/core/access'
import type { Gate } from '@sallyport/core/enforcement'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Authority, type Leaf, openAuthority } from '../certificates/index.ts'
import { type Gateway, startGateway } from './listener.ts'
import { jsonResponse } from './refusal.ts'
import type { IngressRequest, IngressResponse } from './request.ts'

let gateway: Gateway
let authority: Authority
let stranger: Leaf
const seen: (string | undefined)[] = []
const chains: (readonly Uint8Array[] | undefined)[] = []

function authorityOf(app: string): Promise<Authority> {
  const kept = new Map<string, Secret<string>>()
  const keeper = {
    useSecret: (name: string) => kept.get(name),
    setSecret: async (name: string, value: Secret<string>) => kept.set(name, value).size,
  }
  return openAuthority({ kind: 'gateway', app, permittedNames: ['localhost'], keeper, nowMs: Date.now })
}

beforeAll(async () => {
  authority = await authorityOf('shop')
  stranger = await (await authorityOf('stranger')).leafFor(['localhost'])
  const gate = {
    authenticate: ({ certificateThumbprint, certificates }: IngressRequest) => {
      seen.push(certificateThumbprint)
      chains.push(certificates)
      return { kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] }
    },
    describe: () => [{}],
    gather: (asked: unknown) => asked,
    decide: () => ({ effect: 'deny' }),
    record: () => Promise.resolve({}),
    refuse: () => jsonResponse(200, {}),
  } as unknown as Gate<IngressRequest, IngressResponse> // a fake with only the steps that a refusal takes
  gateway = await startGateway({
    port: 0,
    tls: await authority.leafFor(['localhost']),
    gate,
    route: () => undefined,
    mayKnock: () => true,
    onFailure: (cause) => {
      throw cause
    },
    nowMs: () => 0,
  })
})

afterAll(() => gateway.close())

function get(certificate?: Leaf | SecureContextOptions, agent: Agent | false = false): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority.caPem, agent, ...certificate }
    const request = httpsRequest(`${gateway.url}/`, options, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode))
    })
    request.once('error', reject)
    request.end()
  })
}

test('a client without a certificate is served as before', async () => {
  expect(await get()).toBe(200)
  expect(seen.at(-1)).toBeUndefined()
})

test('a client that speaks no TLS 1.3 is not spoken to', async () => {
  await expect(get({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert protocol version/)
})

test('a client that proves a certificate, whoever vouches for it, is known by its thumbprint', async () => {
  expect(await get(stranger)).toBe(200)
  const hex = new X509Certificate(stranger.cert).fingerprint256.replaceAll(':', '')
  expect(seen.at(-1)).toBe(Buffer.from(hex, 'hex').toString('base64url'))
})

test('the whole chain that it shows is known, on a connection that comes back as well', async () => {
  const chain = stranger.cert
    .split(/(?<=-----END CERTIFICATE-----\n?)(?=-----BEGIN)/)
    .map((pem) => new X509Certificate(pem).raw)
  expect(chain).toHaveLength(2)
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 }) // a client that would resume its session
  for (const which of ['the first', 'the second']) {
    expect(await get(stranger, agent), which).toBe(200)
    expect(
      chains.at(-1)?.map((der) => Buffer.from(der)),
      which,
    ).toEqual(chain)
  }
  agent.destroy()
})
