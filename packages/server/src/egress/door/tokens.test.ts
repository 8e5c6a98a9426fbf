import { beforeEach, describe, expect, it } from 'vitest'

import type { UpstreamAnswer } from '../upstream/upstream-call.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { createTokens, type TokenRequest } from './tokens.ts'

let nowMs: number
let asked: string[]
let answer: { status: number; body: string }
beforeEach(() => {
  ;[nowMs, asked] = [0, []]
  answer = { status: 200, body: JSON.stringify({ access_token: 'token-1', token_type: 'Bearer', expires_in: 100 }) }
})

const upstreams = {
  call: ({ body }: { readonly body: unknown }): Promise<UpstreamAnswer> => {
    asked.push(Buffer.from(body as Uint8Array).toString())
    const { status } = answer
    return Promise.resolve({ status, headers: [], body: Buffer.from(answer.body), trailers: () => [], tls: 'none' })
  },
} as unknown as Upstreams // nothing else of it is used

const request = (more: Partial<TokenRequest> = {}): TokenRequest => ({
  door: 'crm',
  oauth: { token: 'https://login.example/token', privateToken: false, client: 'c', secret: '{s}' },
  client: 'c',
  secret: 's',
  timeoutMs: 1_000,
  signal: new AbortController().signal,
  ...more,
})
const open = () => createTokens(upstreams, () => nowMs)

describe('an access token', () => {
  it('is asked for once, by however many, and again shortly before it ends', async () => {
    const tokens = open()
    expect(await Promise.all([1, 2, 3].map(() => tokens.take(request())))).toEqual(['token-1', 'token-1', 'token-1'])
    nowMs = 69_999
    await tokens.take(request())
    expect(asked).toHaveLength(1)
    nowMs = 70_000 // of its hundred seconds, thirty are left
    await tokens.take(request())
    expect(asked).toHaveLength(2)
  })

  it('is of one door, one client and one secret', async () => {
    const tokens = open()
    for (const more of [{}, { door: 'other' }, { client: 'd' }, { secret: 't' }]) await tokens.take(request(more))
    expect(asked).toHaveLength(4)
  })

  it('is one of so many that are kept; the oldest is asked for anew', async () => {
    const tokens = open()
    const take = (door: string): Promise<string> => tokens.take(request({ door }))
    for (let door = 1; door <= 1_000; door += 1) await take(`door ${door}`)
    await take('door 1')
    expect(asked, 'control').toHaveLength(1_000)
    await take('one more')
    await take('door 1')
    expect(asked).toHaveLength(1_002)
  })

  it('is forgotten once it was not accepted', async () => {
    const tokens = open()
    tokens.drop(await tokens.take(request()))
    await tokens.take(request())
    expect(asked).toHaveLength(2)
  })

  it('is none that an issuer gives in another form, and the next call asks again', async () => {
    const tokens = open()
    const good = answer
    for (const [status, body] of [
      [400, good.body],
      [200, '{}'],
      [200, 'no json'],
      [200, good.body.replace('Bearer', 'mac')],
      [200, good.body.replace('"token-1"', '1')],
      [200, good.body.replace('token-1', 'a\\r\\nx: b')],
      [200, good.body.replace('token-1', 'x'.repeat(8_193))],
      [200, good.body.replace('{', '{"access_token":"other",')],
    ] as const) {
      answer = { status, body }
      await expect(tokens.take(request()), body.slice(0, 80)).rejects.toMatchObject({ code: 'upstream.token_refused' })
    }
    answer = good
    expect(await tokens.take(request())).toBe('token-1')
  })
})
