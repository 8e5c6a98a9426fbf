import { duplexPair, PassThrough } from 'node:stream'

import { beforeEach, describe, expect, it } from 'vitest'

import { flow, passOn, splice } from './flow.ts'
import { readExactly } from './read-exactly.ts'

/** All that is under way between streams in memory has arrived. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

let source: PassThrough
let sink: PassThrough
let broke: boolean
let ended: boolean
beforeEach(() => {
  ;[source, sink, broke, ended] = [new PassThrough(), new PassThrough(), false, false]
  source.on('error', () => undefined)
  sink.on('error', () => (broke = true)).on('end', () => (ended = true))
  sink.resume()
})

for (const [name, join] of [
  ['an answer that flows', flow],
  ['a body that is passed on', passOn],
] as const) {
  it(`${name} ends where it ends, as control`, async () => {
    join(source, sink)
    source.end('whole')
    await turns()
    expect([ended, broke]).toEqual([true, false])
  })

  it(`${name} is no shorter one where its source is closed`, async () => {
    join(source, sink)
    source.write('par')
    source.destroy()
    await turns()
    expect([ended, broke]).toEqual([false, true])
  })

  it(`${name} is none where its source had broken before`, async () => {
    source.destroy(new Error('a chunk without a size'))
    await turns()
    join(source, sink)
    await turns()
    expect([ended, broke]).toEqual([false, true])
  })
}

it('an answer that nobody reads any more is not fetched on', async () => {
  flow(source, sink)
  sink.destroy()
  await turns()
  expect(source.destroyed).toBe(true)
})

describe('a tunnel', () => {
  it('breaks on one side where it breaks on the other', async () => {
    const [[box, one], [other, upstream]] = [duplexPair(), duplexPair()]
    splice(one, other)
    upstream.on('error', () => undefined)
    box.write('a')
    await turns()
    expect(String(upstream.read() ?? '')).toBe('a')
    one.destroy()
    await turns()
    expect(other.destroyed).toBe(true)
  })

  for (const turn of [0, 1]) {
    it(`that has ended on the ${turn === 0 ? 'first' : 'second'} side before it was joined is none`, () => {
      const [[, one], [other]] = [duplexPair(), duplexPair()]
      const [gone, left] = turn === 0 ? [one, other] : [other, one]
      gone.destroy()
      splice(one, other)
      expect(left.destroyed).toBe(true)
    })
  }
})

describe('so many bytes', () => {
  it('are read from what comes in parts, and no more', async () => {
    source.write('ab')
    const read = readExactly(source, 3)
    source.write('cd')
    expect([String(await read), String(source.read())]).toEqual(['abc', 'd'])
  })

  it('are none where there are fewer', async () => {
    source.end('ab')
    expect(await readExactly(source, 3)).toBeUndefined()
  })
})
