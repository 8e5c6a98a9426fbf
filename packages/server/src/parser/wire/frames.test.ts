import { expect, it } from 'vitest'

import { frame, frameReader, kinds } from './frames.ts'

it('keeps nothing of the memory that bytes came in, in whatever pieces', () => {
  const all = Buffer.concat([
    frame(kinds.data, 1, Buffer.from('one')),
    frame(kinds.end, 2),
    frame(kinds.data, 3, Buffer.from('x'.repeat(500))),
  ])
  for (const size of [1, 4, 9, 12, 13, 100, all.length]) {
    const memory = Buffer.alloc(size)
    const taken: string[] = []
    const read = frameReader(new Set(Object.values(kinds)), (kind, id, payload) =>
      taken.push(`${kind} ${id} ${payload.toString()}`),
    )
    for (let at = 0; at < all.length; at += size) {
      expect(read(memory.subarray(0, all.copy(memory, 0, at, at + size)))).toBeUndefined()
      memory.fill(0)
    }
    expect(taken).toStrictEqual([`${kinds.data} 1 one`, `${kinds.end} 2 `, `${kinds.data} 3 ${'x'.repeat(500)}`])
  }
})
