import { rmSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { fromFunctionResult } from './event.ts'
import type { StreamedAnswer } from '../invocation.ts'
import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

// One handler, told by the event what to do with its stream.
const source = `
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
const later = (ms) => new Promise((go) => setTimeout(go, ms))
const ways = {
  plain: (stream) => {
    stream.setContentType('text/plain')
    for (const letter of 'ab') stream.write(letter)
    stream.end('c')
  },
  http: (stream) => {
    const answer = { statusCode: 201, headers: { 'x-kind': 'v' }, cookies: ['a=1'] }
    awslambda.HttpResponseStream.from(stream, answer).end('whole')
  },
  piped: (stream) => pipeline(Readable.from(['a', 'bc']), stream),
  large: async (stream) => {
    for (let at = 0; at < 160; at++) {
      if (!stream.write(Buffer.alloc(65536, 'x'))) await new Promise((go) => stream.once('drain', go))
    }
  },
  before: () => {
    throw new RangeError('before the first byte')
  },
  after: async (stream) => {
    stream.write('some')
    await later(20)
    throw new RangeError('after it')
  },
  outside: async (stream) => {
    stream.write('some')
    setTimeout(() => { throw new RangeError('beside it') }, 5)
    await new Promise(() => {})
  },
  paced: async (stream) => {
    stream.setContentType('text/plain')
    stream.write('first')
    // Goes on when the door lets go of this connection.
    const held = connect({ host: '203.0.113.5', port: 80 }).resume().on('error', () => {})
    await new Promise((go) => held.once('close', go))
    stream.end('second')
  },
  nothing: () => {},
  tooMuch: (stream) => {
    for (let at = 0; at < 330; at++) stream.write(Buffer.alloc(65536))
  },
}
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  if (!(context.getRemainingTimeInMillis() > 0)) throw new Error('no context')
  await ways[event.way](stream)
})
`

describe('a handler that streams', () => {
  let under: EngineUnderTest
  let folder: string
  beforeAll(async () => {
    folder = openFolder()
    under = await makeEngine({ hold: true })
    await under.deploy({ codeDir: codeFolder(folder, source), memoryMb: 512 })
  })
  afterAll(async () => {
    await under.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const answerOf = async (way: string): Promise<unknown> => {
    const result = await under.invoke({ way })
    if (result.kind === 'error') return result
    const answer = fromFunctionResult(result.body)
    return answer && { ...answer, body: Buffer.from(answer.body).toString() }
  }

  it('answers with all that it wrote, under its own content type', async () => {
    expect(await answerOf('plain')).toEqual({ status: 200, headers: [['content-type', 'text/plain']], body: 'abc' })
    expect(await answerOf('nothing')).toMatchObject({ status: 200, body: '' })
    expect(await answerOf('piped'), 'whose stream has ended before the handler').toMatchObject({ body: 'abc' })
    expect(await answerOf('piped'), 'and serves the next').toMatchObject({ body: 'abc' })
  })

  it('answers with status, headers and cookies where it gave them', async () => {
    expect(await answerOf('http')).toMatchObject({
      status: 201,
      headers: expect.arrayContaining([
        ['x-kind', 'v'],
        ['set-cookie', 'a=1'],
      ]),
      body: 'whole',
    })
  })

  it('may answer with more than others may, and not with anything', async () => {
    expect(await answerOf('large')).toMatchObject({ body: 'x'.repeat(160 * 65_536) })
    expect(await answerOf('tooMuch')).toMatchObject({ code: 'function.output_too_large' })
  })

  it.each(['before', 'after', 'outside'])('tells a failure that comes %s its first byte', async (way) => {
    expect(await answerOf(way)).toMatchObject({ kind: 'error', code: 'function.threw' })
    expect(await answerOf('plain'), 'and goes on').toMatchObject({ body: 'abc' })
  })

  it('is heard of while it still streams, by whoever asked to', async () => {
    const heard = Promise.withResolvers<StreamedAnswer>()
    let ended = false
    const result = under.invoke({ way: 'paced' }, { onStream: heard.resolve }).finally(() => (ended = true))
    const { status, headers, body } = await heard.promise
    expect({ status, headers }).toEqual({ status: 200, headers: [['content-type', 'text/plain']] })
    expect(Buffer.from((await body.next()).value ?? []).toString()).toBe('first')
    await expect.poll(() => under.contacts.length).toBeGreaterThan(0)
    expect(ended).toBe(false)
    for (const { socket } of under.contacts) socket.destroy()
    expect(Buffer.from((await body.next()).value ?? []).toString()).toBe('second')
    expect((await body.next()).done).toBe(true)
    expect(await result).toMatchObject({ kind: 'response' })
  })

  it('rejects for its reader when it fails midway, and goes on for one who leaves', async () => {
    const hear = async (way: string) => {
      const heard = Promise.withResolvers<StreamedAnswer>()
      const result = under.invoke({ way }, { onStream: heard.resolve })
      return { result, ...(await heard.promise) }
    }
    const failing = await hear('after')
    await expect(Array.fromAsync(failing.body)).rejects.toThrow('after it')
    expect(await failing.result).toMatchObject({ code: 'function.threw' })
    const left = await hear('large')
    await left.body.next()
    await left.body.return?.()
    expect(await left.result).toMatchObject({ kind: 'response' })
    expect(await answerOf('plain'), 'and goes on').toMatchObject({ body: 'abc' })
  })

  it('has an answer of its own status and headers, or none', async () => {
    const heard = Promise.withResolvers<StreamedAnswer>()
    const result = under.invoke({ way: 'http' }, { onStream: heard.resolve })
    const { status, headers, body } = await heard.promise
    expect({ status, headers }).toMatchObject({ status: 201, headers: expect.arrayContaining([['x-kind', 'v']]) })
    expect(Buffer.concat(await Array.fromAsync(body)).toString()).toBe('whole')
    await result
  })
})
