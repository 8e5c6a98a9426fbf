import type { Subject } from '@sallyport/core/access'
import {
  contentDigest,
  createSeenOnce,
  type HttpRequest,
  importSignatureKey,
  type SignatureKey,
  signHttpMessage,
} from '@sallyport/core/identity'
import type { Service } from '@sallyport/manifest'
import { exportJWK, generateKeyPair } from 'jose'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { compileServices, type Services } from './services.ts'
import type { SignedRequest } from './signed-requests.ts'

const body = new TextEncoder().encode('{"amount":5}')
const at = { file: 'sallyport.yaml', line: 1, column: 1 }
let signing: SignatureKey
let forging: SignatureKey
let service: Service
let nowMs: number
let revoked: readonly string[]
let services: Services

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  signing = await importSignatureKey('r1', 'ed25519', await exportJWK(pair.privateKey), 'sign')
  const forged = await generateKeyPair('EdDSA', { extractable: true })
  forging = await importSignatureKey('r1', 'ed25519', await exportJWK(forged.privateKey), 'sign')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'r1' }
  service = { name: 'reports', keys: [jwk], roles: ['reporter'], at }
})

beforeEach(() => {
  nowMs = 1_700_000_000_000
  revoked = []
  services = compileServices({
    app: 'shop',
    services: [service],
    trust: [],
    own: () => ({ roots: [], jwtKeys: [] }),
    isRevoked: ({ name }) => revoked.includes(name),
    seen: createSeenOnce(100),
    nowMs: () => nowMs,
  })
})

interface Made {
  readonly covered?: readonly string[]
  readonly nonce?: string | undefined
  readonly createdSeconds?: number
  readonly key?: SignatureKey
  readonly digest?: string
}

let nonces = 0

async function signed(made: Made = {}): Promise<SignedRequest> {
  const digest = made.digest ?? (await contentDigest(body))
  const message: HttpRequest = {
    kind: 'request',
    method: 'POST',
    scheme: 'https',
    authority: 'shop.example',
    requestTarget: '/reports?from=1',
    fields: [
      ['content-type', 'application/json'],
      ['content-digest', digest],
    ],
  }
  nonces += 1
  const nonce = 'nonce' in made ? made.nonce : `n${nonces}`
  const { signature, signatureInput } = await signHttpMessage(
    message,
    {
      label: 'sig1',
      covered: made.covered ?? ['"@method"', '"@target-uri"', '"content-digest"', '"content-type"'],
      createdSeconds: made.createdSeconds ?? nowMs / 1_000,
      ...(nonce === undefined ? {} : { nonce }),
    },
    made.key ?? signing,
  )
  const headers = new Map([...message.fields, ['signature-input', signatureInput], ['signature', signature]])
  return { method: 'POST', url: 'https://shop.example/reports', query: 'from=1', headers, body }
}

async function nameOf(request: SignedRequest): Promise<string | undefined> {
  const subject: Subject | undefined = await services.bySignature?.(request)
  return subject?.refused?.code ?? subject?.name
}

describe('a request that a service signed', () => {
  test('is that service, with its roles and with what may be revoked of it', async () => {
    expect(await services.bySignature?.(await signed())).toMatchObject({
      kind: 'user',
      name: 'service:reports',
      roles: ['reporter'],
      credential: { issuerName: 'service', keyId: 'r1', binding: 'signature', boundTo: [expect.any(String)] },
    })
  })

  test('is good once', async () => {
    const request = await signed()
    expect(await nameOf(request)).toBe('service:reports')
    expect(await nameOf(request)).toBe('http-signature.replayed')
  })

  for (const [what, changes, code] of [
    ['sent by another method', { method: 'PUT' }, 'http-signature.wrong'],
    ['sent to another path', { url: 'https://shop.example/refunds' }, 'http-signature.wrong'],
    ['sent to another host', { url: 'https://other.example/reports' }, 'http-signature.wrong'],
    ['sent without encryption', { url: 'http://shop.example/reports' }, 'http-signature.wrong'],
    ['with another query', { query: 'from=2' }, 'http-signature.wrong'],
    ['without its query', { query: '' }, 'http-signature.wrong'],
    ['with another body', { body: new TextEncoder().encode('{"amount":9}') }, 'http-signature.digest'],
    ['without its body', { body: new Uint8Array() }, 'http-signature.digest'],
  ] as const) {
    test(`is none when it is ${what}`, async () => {
      expect(await nameOf({ ...(await signed()), ...changes })).toBe(code)
    })
  }

  for (const [what, made, code] of [
    ['that leaves the address out', { covered: ['"@method"', '"content-digest"'] }, 'http-signature.uncovered'],
    ['that leaves the method out', { covered: ['"@target-uri"', '"content-digest"'] }, 'http-signature.uncovered'],
    ['that leaves the body out', { covered: ['"@method"', '"@target-uri"'] }, 'http-signature.uncovered'],
    ['without a nonce', { nonce: undefined }, 'http-signature.parameters'],
    ['that is old', { createdSeconds: 1_700_000_000 - 76 }, 'http-signature.expired'],
    ['from the future', { createdSeconds: 1_700_000_000 + 16 }, 'http-signature.not_yet_valid'],
    ['whose digest is of something else', { digest: 'sha-256=:AAAA:' }, 'http-signature.digest'],
  ] as const) {
    test(`is none under a signature ${what}`, async () => {
      expect(await nameOf(await signed(made))).toBe(code)
    })
  }

  test('is none by another key under its name, by an unknown one, or with another value covered', async () => {
    expect(await nameOf(await signed({ key: forging }))).toBe('http-signature.wrong')
    expect(await nameOf(await signed({ key: { ...signing, id: 'r2' } }))).toBe('http-signature.unknown_key')
    const request = await signed()
    const headers = new Map([...request.headers, ['content-type', 'text/plain']])
    expect(await nameOf({ ...request, headers })).toBe('http-signature.wrong')
  })

  test('is nobody once the service is revoked', async () => {
    revoked = ['service:reports']
    expect(await nameOf(await signed())).toBe('token.revoked')
  })
})

test('where no service signs, nobody asks for signatures', () => {
  const { keys: _, ...unsigned } = service
  const none = compileServices({
    app: 'shop',
    services: [{ ...unsigned, spiffeId: 'spiffe://shop/a' }],
    trust: [],
    own: () => ({ roots: [], jwtKeys: [] }),
    isRevoked: () => false,
    seen: createSeenOnce(1),
    nowMs: () => nowMs,
  })
  expect(none.bySignature).toBeUndefined()
})
