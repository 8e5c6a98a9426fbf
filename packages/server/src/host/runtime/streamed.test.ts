import { describe, expect, it } from 'vitest'

import type { Invocation, InvocationResult } from '../invocation.ts'
import { httpResponse, passOn, streamedResult } from './streamed.ts'

type Stream = Parameters<NonNullable<Invocation['onStream']>>[0]

const late: InvocationResult = { kind: 'error', code: 'function.threw', message: 'late' }
const head = (prelude: unknown): Buffer => Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)])

/** What a function streams, and how much of it was read. */
function streamed(...chunks: readonly Buffer[]): AsyncIterator<Buffer> & { read: number } {
  const stream = {
    read: 0,
    next: async (): Promise<IteratorResult<Buffer>> => {
      const value = chunks[stream.read]
      stream.read += 1
      return value === undefined ? { done: true, value: undefined } : { done: false, value }
    },
  }
  return stream
}

/** What the caller gets of it, and how the invocation ends. */
async function passed(
  chunks: AsyncIterator<Buffer>,
  failure?: InvocationResult,
  stopAfter = Infinity,
): Promise<{ answer?: Pick<Stream, 'status' | 'headers'>; bytes: number; end: string; result: InvocationResult }> {
  const reading = Promise.withResolvers<{ answer?: Pick<Stream, 'status' | 'headers'>; bytes: number; end: string }>()
  const onStream = async ({ status, headers, body }: Stream): Promise<void> => {
    let [bytes, end] = [0, 'whole']
    try {
      for await (const part of body) {
        bytes += part.length
        if (bytes >= stopAfter) break
      }
    } catch {
      end = 'broken'
    }
    reading.resolve({ answer: { status, headers }, bytes, end })
  }
  const result = await passOn(
    chunks,
    httpResponse,
    (stream) => void onStream(stream),
    () => failure,
  )
  if (result.kind === 'error' && result !== failure && result.code === 'function.threw')
    reading.resolve({ bytes: 0, end: 'none' })
  return { ...(await reading.promise), result }
}

describe('a streamed answer', () => {
  it('is passed on as it comes, with its status and headers', async () => {
    const chunks = streamed(
      head({ statusCode: 201 }).subarray(0, 9),
      head({ statusCode: 201 }).subarray(9),
      Buffer.from('body'),
    )
    expect(await passed(chunks)).toMatchObject({
      answer: { status: 201 },
      bytes: 4,
      end: 'whole',
      result: { kind: 'response' },
    })
  })

  for (const [what, chunks] of [
    ['whose head is not JSON', [Buffer.from('{'), Buffer.alloc(8)]],
    ['whose head is a list', [head([])]],
    ['whose status is none', [head({ statusCode: 99 })]],
    ['whose header holds another', [head({ headers: { a: 'b\r\nc: d' } })]],
    ['whose head does not end', [Buffer.from('{}')]],
    ['whose head is too long', [Buffer.from(`{"a":"${'a'.repeat(70_000)}"}`), Buffer.alloc(8), Buffer.from('rest')]],
  ] as const) {
    it(`${what} is none, and is read to its end all the same`, async () => {
      const stream = streamed(...chunks)
      expect(await passed(stream)).toMatchObject({ end: 'none', result: { code: 'function.threw' } })
      expect(stream.read).toBeGreaterThan(chunks.length)
    })
  }

  it('that failed late is no shorter one', async () => {
    const answered = await passed(streamed(head({}), Buffer.from('part')), late)
    expect(answered).toMatchObject({ bytes: 4, end: 'broken', result: late })
  })

  it('has so many bytes', async () => {
    const answered = await passed(streamed(head({}), ...Array<Buffer>(201).fill(Buffer.alloc(1024 * 1024))))
    expect(answered).toMatchObject({
      bytes: 200 * 1024 * 1024,
      end: 'broken',
      result: { code: 'function.output_too_large' },
    })
  })

  it('that its caller leaves is read to its end, which tells how it ended', async () => {
    const stream = streamed(head({}), Buffer.from('a'), Buffer.from('b'))
    expect(await passed(stream, late, 1)).toMatchObject({ bytes: 1, end: 'whole', result: late })
    expect(stream.read).toBe(4)
  })

  it('that is held until it is whole has a head too', () => {
    expect(streamedResult(httpResponse, Buffer.concat([head({ statusCode: 201 }), Buffer.from('x')]))).toMatchObject({
      kind: 'response',
      body: Buffer.from('{"statusCode":201,"body":"eA==","isBase64Encoded":true}'),
    })
    for (const body of [Buffer.from('{}'), Buffer.from('{}\n'), head([]), Buffer.alloc(8)])
      expect(streamedResult(httpResponse, body)).toMatchObject({ code: 'function.threw' })
  })
})
