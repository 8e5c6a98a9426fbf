// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'

import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import type { Secret } from '@sallyport/core/access'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { type Leaf, openAuthority } from '../authority.ts'
import { acmeCertificate } from './acme-certificate.ts'
import { orderCertificate } from './acme-client.ts'
import { openChallenges } from './challenges.ts'

/** What the authority says at one path. */
interface Said {
  readonly status?: number
  readonly location?: string
  readonly json?: Readonly<Record<string, unknown>>
  readonly text?: string
}
type Answers = Readonly<Record<string, (body: string, time: number) => Said | Promise<Said>>>

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const badNonce = { status: 400, json: { type: 'urn:ietf:params:acme:error:badNonce' } }
let server: Server
let caPem: string
let at: (path: string) => string
let answers: Answers
let asked: string[]
let published: string[]

// An authority that gives a certificate to whoever asks, and says what a case would have it say.
beforeAll(async () => {
  const secrets = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'acme',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => secrets.get(name), setSecret: async (name, value) => secrets.set(name, value).size },
  })
  caPem = authority.caPem
  server = createServer(await authority.leafFor(['localhost']), (message, response) => {
    const { url = '' } = message
    let body = ''
    message.on('data', (chunk: Buffer) => (body += String(chunk)))
    message.on('end', () => {
      asked.push(url)
      const said = answers[url]?.(body, asked.filter((one) => one === url).length) ?? { status: 404 }
      void Promise.resolve(said).then((one) => answer(response, one))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so it is one
  at = (path) => `https://localhost:${port}${path}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

beforeEach(() => {
  asked = []
  published = []
  answers = usual()
})

function answer(response: ServerResponse, { json, location, status = 200, text }: Said): void {
  response.setHeader('replay-nonce', 'n')
  response.setHeader('content-type', json === undefined ? 'text/plain' : 'application/json')
  if (location !== undefined) response.setHeader('location', location)
  response.writeHead(status)
  response.end(text ?? (json === undefined ? '' : JSON.stringify(json)))
}

const places = (): Record<string, string> => ({
  newNonce: at('/nonce'),
  newAccount: at('/account'),
  newOrder: at('/orders'),
})

function usual(): Answers {
  const challenge = { type: 'http-01', token: 'token', url: at('/challenge') }
  return {
    '/directory': () => ({ json: places() }),
    '/nonce': () => ({}),
    '/account': () => ({ status: 201, location: at('/account/1'), json: {} }),
    '/orders': () => ({ status: 201, location: at('/order'), json: { authorizations: [at('/name')] } }),
    '/name': (_, time) => ({ json: { status: time === 1 ? 'pending' : 'valid', challenges: [challenge] } }),
    '/challenge': () => ({ json: {} }),
    '/order': () => ({
      json: asked.includes('/finalize')
        ? { status: 'valid', certificate: at('/certificate') }
        : { status: 'ready', finalize: at('/finalize') },
    }),
    '/finalize': () => ({ json: {} }),
    '/certificate': () => ({ text: 'a chain' }),
  }
}

function order(changes: Answers = {}): Promise<string> {
  answers = { ...answers, ...changes }
  const { privateKey: accountKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return orderCertificate(
    { directory: at('/directory'), accountKey, caPem, signal: AbortSignal.timeout(30_000) },
    { names: ['shop.example'], request: new Uint8Array(), publish: (token) => void published.push(token) },
  )
}

describe('an order', () => {
  test('is done once every name is proved', async () => {
    expect(await order()).toBe('a chain')
    expect(published).toEqual(['token'])
  })

  test('proves nothing again that is proved', async () => {
    expect(await order({ '/name': () => ({ json: { status: 'valid' } }) })).toBe('a chain')
    expect(published).toEqual([])
  })

  test('is done where there is nothing to prove', async () => {
    expect(await order({ '/orders': () => ({ status: 201, location: at('/order'), json: {} }) })).toBe('a chain')
  })

  test('is signed anew where its nonce was refused, and not without end', async () => {
    expect(await order({ '/account': (_, time) => (time < 4 ? badNonce : once()) })).toBe('a chain')
    asked = []
    await expect(order({ '/account': () => badNonce })).rejects.toMatchObject({ code: 'acme.refused' })
    expect(asked.filter((url) => url === '/account')).toHaveLength(10)
  })

  const once = (): Said => ({ status: 201, location: at('/account/1'), json: {} })
  const kinds = (...challenges: readonly unknown[]): Answers => ({
    '/name': (_, time) => ({ json: { status: time === 1 ? 'pending' : 'valid', challenges } }),
  })
  const challenge = (changes: object): object => ({
    type: 'http-01',
    token: 'token',
    url: at('/challenge'),
    ...changes,
  })
  test.each<[string, string, () => Answers]>([
    [
      'that has trouble',
      'did not give its directory',
      () => ({ '/directory': () => ({ ...directory(), status: 500 }) }),
    ],
    ['without places', 'did not give newNonce', () => ({ '/directory': () => ({ json: {} }) })],
    ['that has an account nowhere', 'did not give Location', () => ({ '/account': () => ({ status: 201, json: {} }) })],
    ['whose account is not wanted', 'refuses: away', () => ({ '/account': (_, time) => refusing(time) ?? once() })],
    ['that challenges by nothing', 'a challenge of the kind http-01', () => ({ '/name': () => ({ json: {} }) })],
    ['that challenges by DNS', 'a challenge of the kind http-01', () => kinds(challenge({ type: 'dns-01' }))],
    ['that challenges by what is no object', 'a challenge of the kind http-01', () => kinds(null, 'http-01')],
    [
      'that would have a path for a token',
      'a challenge of the kind http-01',
      () => kinds(challenge({ token: '../a' })),
    ],
    ['that has no token', 'a challenge of the kind http-01', () => kinds({ type: 'http-01', url: at('/challenge') })],
    ['that challenges nowhere', 'did not give url', () => kinds({ type: 'http-01', token: 'token' })],
    [
      'that refuses a name, in words of the challenge',
      'refuses: nobody answers',
      () => ({
        '/name': (_, time) => {
          const status = ['pending', 'invalid'][time - 1] ?? 'valid'
          return { json: { status, challenges: [challenge({ error: { detail: 'nobody answers' } })] } }
        },
      }),
    ],
    ['that finalizes nowhere', 'did not give finalize', () => ({ '/order': () => ({ json: { status: 'ready' } }) })],
    [
      'that says more than can be meant',
      'sent more than 262144 bytes',
      () => ({ '/directory': () => directory(300_000) }),
    ],
  ])('comes to nothing with an authority %s', async (_, message, changes) => {
    const made = order(changes())
    await expect(made).rejects.toMatchObject({
      code: expect.stringMatching(/^acme\.(?:refused|unavailable)$/),
      message: expect.stringContaining(message),
    })
    expect(published.filter((token) => token !== 'token')).toEqual([])
  })

  /** Once; whoever asks again all the same is let through. */
  const refusing = (time: number): Said | undefined =>
    time === 1 ? { status: 403, json: { type: 'urn:ietf:params:acme:error:unauthorized', detail: 'away' } } : undefined
  const directory = (more = 0): Said => ({ json: { ...places(), more: 'x'.repeat(more) } })
})

describe('what an authority gives', () => {
  const names = ['shop.example', 'www.shop.example']

  /** Ordered of an authority that certifies these names for so long. */
  async function certified(certifies: readonly string[], lifetimeMs = 3_600_000): Promise<Leaf> {
    const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    let cert = ''
    const finalize = async (body: string): Promise<void> => {
      const { payload } = JSON.parse(body)
      const { csr } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const certificate = await X509CertificateGenerator.create({
        subject: 'CN=shop',
        issuer: 'CN=authority',
        notBefore: new Date(Date.now() - 60_000),
        notAfter: new Date(Date.now() + lifetimeMs),
        signingKey: issuer.toCryptoKey(algorithm, false, ['sign']),
        publicKey: new Pkcs10CertificateRequest(Buffer.from(csr, 'base64url')).publicKey,
        signingAlgorithm: algorithm,
        extensions: [new SubjectAlternativeNameExtension(certifies.map((value) => ({ type: 'dns', value })))],
      })
      cert = certificate.toString('pem')
    }
    asked = []
    answers = {
      ...answers,
      '/name': () => ({ json: { status: 'valid' } }),
      '/finalize': async (body) => {
        await finalize(body)
        return { json: {} }
      },
      '/certificate': () => ({ text: cert }),
    }
    const kept = new Map<string, string>()
    const store = {
      get: (kind: string, id: string) => kept.get(`${kind} ${id}`),
      put: (kind: string, id: string, value: string) => void kept.set(`${kind} ${id}`, value),
    }
    const options = { names, directory: at('/directory'), caPem, host: '127.0.0.1', port: 0, store, nowMs: Date.now }
    return acmeCertificate(options)
  }

  test('is taken where it is of every name and in its time', async () => {
    expect((await certified(names)).cert).toContain('BEGIN CERTIFICATE')
  })

  test('is not where it lacks a name, or is over', async () => {
    await expect(certified(['shop.example'])).rejects.toMatchObject({ code: 'acme.refused' })
    await expect(certified(names, -1_000)).rejects.toMatchObject({ code: 'acme.refused' })
  })
})

test('a challenge is answered at its own address and by GET alone, while its order is open', async () => {
  const challenges = await openChallenges('127.0.0.1', 0)
  const path = '/.well-known/acme-challenge/'
  const statusOf = async (url: string, method = 'GET'): Promise<number> =>
    (await fetch(`http://127.0.0.1:${challenges.port}${url}`, { method })).status
  challenges.publish('token', 'text')
  expect(await statusOf(`${path}token`)).toBe(200)
  expect(await statusOf(`${path}token`, 'POST')).toBe(404)
  expect(await statusOf(`${path}other`)).toBe(404)
  expect(await statusOf(`${'/'.padEnd(path.length, 'x')}token`)).toBe(404)
  await challenges.close()
})
