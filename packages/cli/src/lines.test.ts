import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type Line, linesOf } from './lines.ts'

async function linesFrom(chunks: readonly Uint8Array[], mostBytes = 1000): Promise<readonly Line[]> {
  const lines: Line[] = []
  for await (const some of linesOf(
    (async function* () {
      await Promise.resolve()
      yield* chunks
    })(),
    mostBytes,
  )) {
    lines.push(...some)
  }
  return lines
}

test('lines come out whole, wherever the stream was cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(40)), async (text, cuts) => {
      const bytes = new TextEncoder().encode(text)
      const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
      const wanted = text.endsWith('\n') || text === '' ? text.split('\n').slice(0, -1) : text.split('\n')
      expect(await linesFrom(chunks)).toEqual(wanted)
    }),
    { numRuns: 200 },
  )
})

test('a line that is too long, or is not UTF-8, is undefined, and the next one is read', async () => {
  const bytes = (text: string) => Buffer.from(text)
  expect(await linesFrom([bytes('aaaa'), bytes('aaaa\nb\n'), Buffer.from([0xff, 0x0a]), bytes('c')], 5)).toEqual([
    undefined,
    'b',
    undefined,
    'c',
  ])
})
