import { rmSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { fromFunctionResult } from './event.ts'
import { codeFolder, type EngineUnderTest, makeEngine, openFolder } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

// One handler, told by the event what to do with its stream.
const source = `
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
    under = await makeEngine()
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
})
