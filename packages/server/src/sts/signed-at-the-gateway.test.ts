import type { Gate } from '@sallyport/core/enforcement'
import {
  contentDigest,
  createSeenOnce,
  type HttpRequest,
  importSignatureKey,
  signHttpMessage,
} from '@sallyport/core/identity'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Gateway, type IngressRequest, type IngressResponse, startGateway } from '../gateway/index.ts'
import { compileServices } from './services.ts'

let gateway: Gateway
let sign: (path: string, body?: string) => Promise<Record<string, string>>

/** What the gateway read of a request that came over a socket is what its client signed. */
beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const key = await importSignatureKey('r1', 'ecdsa-p256-sha256', await exportJWK(pair.privateKey), 'sign')
  const at = { file: 'sallyport.yaml', line: 1, column: 1 }
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'r1' }
  const { bySignature } = compileServices({
    app: 'shop',
    services: [{ name: 'reports', keys: [jwk], roles: ['reporter'], at }],
    trust: [],
    own: () => ({ roots: [], jwtKeys: [] }),
    isRevoked: () => false,
    seen: createSeenOnce(100),
    nowMs: Date.now,
  })
  const gate = {
    authenticate: (request: IngressRequest) => bySignature?.(request),
    describe: (_request: unknown, subject: unknown) => [{ subject }],
    gather: (asked: unknown) => asked,
    decide: (asked: unknown) => ({ effect: 'deny', asked }),
    record: () => Promise.resolve({}),
    refuse: ({ asked }: { asked: readonly [{ subject: { name: string; refused?: { code: string } } }] }) => {
      const [{ subject }] = asked
      return { status: 200, headers: [], body: Buffer.from(subject.refused?.code ?? subject.name) }
    },
  } as unknown as Gate<IngressRequest, IngressResponse> // a fake with only the steps that a refusal takes
  const route = {
    key: 'POST /reports',
    method: 'POST',
    path: '/reports',
    who: [],
    anyone: false,
    maxBodyBytes: 100,
    arn: 'arn:sallyport:route:shop:public:reports/POST /reports',
    at,
  }
  gateway = await startGateway({
    port: 0,
    gate,
    route: () => ({ functionName: 'reports', functionArn: 'arn', zone: 'public', route, parameters: {} }),
    mayKnock: () => true,
    onFailure: (cause) => {
      throw cause
    },
    nowMs: Date.now,
  })
  let nonce = 0
  sign = async (path, body) => {
    const digest = body === undefined ? [] : [['content-digest', await contentDigest(new TextEncoder().encode(body))]]
    const fields = [...digest, ['x-run', 'a, b']].map(([name = '', value = '']) => [name, value] as const)
    const message: HttpRequest = {
      kind: 'request',
      method: 'POST',
      scheme: 'http',
      authority: new URL(gateway.url).host,
      requestTarget: path,
      fields,
    }
    const covered = ['"@method"', '"@target-uri"', ...fields.map(([name]) => `"${name}"`)]
    nonce += 1
    const how = { label: 'sig1', covered, createdSeconds: Math.floor(Date.now() / 1_000), nonce: `n${nonce}` }
    const { signature, signatureInput } = await signHttpMessage(message, how, key)
    return { ...Object.fromEntries(fields), 'signature-input': signatureInput, signature }
  }
})

afterAll(() => gateway.close())

async function post(path: string, headers: Record<string, string>, body?: string): Promise<string> {
  const answer = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return answer.text()
}

test('a request is the one that was signed, with its query, its fields and its body', async () => {
  expect(await post('/reports', await sign('/reports'))).toBe('service:reports')
  expect(await post('/reports?b=%20&a', await sign('/reports?b=%20&a'))).toBe('service:reports')
  expect(await post('/reports', await sign('/reports', '{"a":1}'), '{"a":1}')).toBe('service:reports')
})

test('and no other one', async () => {
  expect(await post('/reports?a=2', await sign('/reports?a=1'))).toBe('http-signature.wrong')
  expect(await post('/reports', await sign('/reports', '{"a":1}'), '{"a":2}')).toBe('http-signature.digest')
  const headers = await sign('/reports')
  expect(await post('/reports', { ...headers, 'x-run': 'a' })).toBe('http-signature.wrong')
  expect(await post('/reports', headers)).toBe('service:reports')
  expect(await post('/reports', headers)).toBe('http-signature.replayed')
})
