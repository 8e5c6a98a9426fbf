import { expect, test } from 'vitest'

import type { IngressRequest } from '../gateway/index.ts'
import type { Verdict } from './gate.ts'
import { takePush } from './push.ts'

const request: IngressRequest = {
  method: 'POST',
  path: '/.well-known/sallyport/signals/watch',
  query: '',
  headers: new Map([['content-type', 'application/secevent+jwt']]),
  credentials: [],
  proofs: [],
  url: 'https://localhost/.well-known/sallyport/signals/watch',
  body: new TextEncoder().encode('a.b.c'),
  remoteAddress: '127.0.0.1',
  receivedAt: 0,
}

async function push(verdict: Verdict, changes: Partial<IngressRequest> = {}): Promise<[number, unknown, string[]]> {
  const taken: string[] = []
  const { status, body } = await takePush({ ...request, ...changes }, async (token) => {
    taken.push(token)
    return verdict
  })
  const text = new TextDecoder().decode(body)
  return [status, text === '' ? undefined : JSON.parse(text), taken]
}

test('an event that was taken is answered with 202 and nothing else', async () => {
  expect(await push({ kind: 'taken' })).toEqual([202, undefined, ['a.b.c']])
})

for (const [code, err] of [
  ['signal.wrong_issuer', 'invalid_issuer'],
  ['signal.wrong_audience', 'invalid_audience'],
  ['signal.unknown_key', 'invalid_key'],
  ['signal.signature', 'authentication_failed'],
  ['signal.foreign_subject', 'access_denied'],
  ['signal.claims', 'invalid_request'],
] as const) {
  test(`${code} is ${err} in the words of RFC 8935`, async () => {
    const [status, body] = await push({ kind: 'refused', code, message: 'Because.' })
    expect([status, body]).toEqual([400, { err, description: `${code}: Because.` }])
  })
}

test('what could not be judged is to be sent again', async () => {
  expect((await push({ kind: 'unavailable' }))[0]).toBe(503)
  expect((await push({ kind: 'refused', code: 'signal.keys_unavailable', message: '' }))[0]).toBe(503)
})

test('what is no pushed event is not looked at', async () => {
  const fault = { code: 'request.too_large', layer: 'door', message: 'Too large.' } as const
  for (const [status, changes] of [
    [405, { method: 'GET' }],
    [400, { headers: new Map([['content-type', 'application/json']]) }],
    [400, { headers: new Map() }],
    [400, { fault }],
  ] as const) {
    const [answered, body, taken] = await push({ kind: 'taken' }, changes)
    expect([answered, taken]).toEqual([status, []])
    expect(body).toMatchObject({ err: 'invalid_request' })
  }
})

test('an answer says what may be sent, and when to come again', async () => {
  const headersOf = async (verdict: Verdict, method = 'POST'): Promise<readonly unknown[]> => {
    const { headers } = await takePush({ ...request, method }, async () => verdict)
    return ['allow', 'retry-after'].map((name) => new Map(headers).get(name))
  }
  expect(await headersOf({ kind: 'taken' })).toEqual([undefined, undefined])
  expect(await headersOf({ kind: 'refused', code: 'signal.claims', message: '' })).toEqual([undefined, undefined])
  expect(await headersOf({ kind: 'taken' }, 'GET')).toEqual(['POST', undefined])
  expect(await headersOf({ kind: 'unavailable' })).toEqual([undefined, '5'])
})
