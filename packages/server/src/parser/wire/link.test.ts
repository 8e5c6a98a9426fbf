import { duplexPair, type Duplex, PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'

import { frame, frameReader, kinds, maxPayloadBytes } from './frames.ts'
import { creditOf, type Link, openLink, windowBytes } from './link.ts'

/** All that is under way over a channel in memory has arrived. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('frames', () => {
  const all: ReadonlySet<number> = new Set(Object.values(kinds))

  it('are read as they were written, however the channel cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...Object.values(kinds)), fc.nat(), fc.uint8Array({ maxLength: 300 }))),
        fc.array(fc.nat(60), { minLength: 1 }),
        (sent, cuts) => {
          const bytes = Buffer.concat(sent.map(([kind, id, payload]) => frame(kind, id, payload)))
          const heard: unknown[] = []
          const read = frameReader(all, (kind, id, payload) => heard.push([kind, id, Uint8Array.from(payload)]))
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const end = at + 1 + (cuts[turn % cuts.length] ?? 0)
            expect(read(bytes.subarray(at, end))).toBeUndefined()
            at = end
          }
          expect(heard).toEqual(sent)
        },
      ),
    )
  })

  it('that are too large, or of a kind that this side does not take, are a fault', () => {
    const read = (bytes: Buffer): unknown => frameReader(new Set([kinds.request]), () => undefined)(bytes)
    const large = Buffer.alloc(9)
    large.writeUInt32BE(maxPayloadBytes + 1)
    large[4] = kinds.request
    expect(read(large)).toBe('too_large')
    expect(read(frame(kinds.answer, 1))).toBe('kind')
    expect(read(frame(kinds.request, 1))).toBeUndefined()
  })
})

describe('a link', () => {
  let server: Link
  let parser: Link
  let raw: Duplex
  let faults: string[]
  let heard: number[]
  beforeEach(() => {
    const [ours, theirs] = duplexPair()
    raw = theirs
    faults = []
    heard = []
    const common = { onFrame: () => undefined, onEnd: () => undefined }
    const onFrame = (_: number, id: number): void => void heard.push(id)
    server = openLink(ours, { ...common, onFrame, side: 'server', onFault: (fault) => faults.push(fault) })
    parser = openLink(theirs, { ...common, side: 'parser', onFault: () => undefined })
  })

  it('carries streams both ways, whole and in order, and forgets them', async () => {
    const [here, there] = [server.stream(1), parser.stream(1)]
    const bytes = Buffer.alloc(5 * windowBytes, 'abcdefg')
    here.end(bytes)
    there.end(bytes)
    const [gotHere, gotThere] = [here, there].map((stream) => buffer(stream.pipe(new PassThrough())))
    expect((await gotHere)?.equals(bytes)).toBe(true)
    expect((await gotThere)?.equals(bytes)).toBe(true)
    await expect.poll(() => here.closed && there.closed).toBe(true)
    expect(faults).toEqual([])
  })

  it('sends nothing of a body that nobody reads', async () => {
    const [here, there] = [server.stream(1), parser.stream(1)]
    there.write('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(here.readableLength).toBe(0)
    expect(there.writableLength).toBe(1)
    here.once('readable', () => undefined)
    await expect.poll(() => here.readableLength).toBe(1)
  })

  it('tells the other side when one gives a stream up', async () => {
    const [here, there] = [server.stream(1), parser.stream(1)]
    there.destroy()
    await expect.poll(() => here.destroyed).toBe(true)
    expect(faults).toEqual([])
  })

  for (const [what, bytes, fault] of [
    ['more of a body than it was asked for', frame(kinds.data, 1, Buffer.alloc(10)), 'credit'],
    ['credit beyond the window', frame(kinds.credit, 1, creditOf(1)), 'credit'],
    ['a part of no stream', frame(kinds.data, 2, Buffer.alloc(1)), 'stream'],
    ['a part that is empty', frame(kinds.data, 1), 'credit'],
    ['credit that is no number', frame(kinds.credit, 1, Buffer.alloc(3)), 'credit'],
    ['two ends of one stream', Buffer.concat([frame(kinds.end, 1), frame(kinds.end, 1)]), 'stream'],
    ['a part after the close', Buffer.concat([frame(kinds.close, 1), frame(kinds.data, 1, Buffer.alloc(1))]), 'stream'],
    ['a kind that only the server sends', frame(kinds.answer, 1), 'kind'],
    ['the end of a stream, as control', frame(kinds.end, 1), undefined],
  ] as const) {
    it(`${fault === undefined ? 'takes' : 'ends a parser that sends'} ${what}`, async () => {
      server.stream(1)
      raw.write(bytes)
      await new Promise((resolve) => setImmediate(resolve))
      expect(faults).toEqual(fault === undefined ? [] : [fault])
    })
  }

  it('takes of a body what it asked for, and not as much again', async () => {
    parser.stream(1)
    server.stream(1).once('readable', () => undefined)
    await turns() // until it has asked
    raw.write(Buffer.concat([0, 1].map(() => frame(kinds.data, 1, Buffer.alloc(windowBytes)))))
    await turns()
    expect(faults).toEqual(['credit'])
  })

  it('takes nothing of a body after its end', async () => {
    parser.stream(1)
    server.stream(1).once('readable', () => undefined)
    await turns() // until it has asked
    raw.write(Buffer.concat([frame(kinds.end, 1), frame(kinds.data, 1, Buffer.alloc(1))]))
    await turns()
    expect(faults).toEqual(['credit'])
  })

  it('hears nothing more after a fault, not even what came with it', async () => {
    const sent = [frame(kinds.unreadable, 1), frame(kinds.data, 9), frame(kinds.unreadable, 2)]
    raw.write(Buffer.concat(sent))
    await turns()
    expect(faults).toEqual(['stream'])
    expect(heard).toEqual([1])
  })

  it('takes nothing for what it has forgotten, once none of it can come any more', async () => {
    const stream = server.stream(1)
    server.forgetStreams()
    expect(stream.destroyed).toBe(true)
    raw.write(frame(kinds.end, 1))
    raw.write(frame(kinds.unreadable, 5))
    await turns()
    expect([heard, faults]).toEqual([[5], []])
    server.expectNoMore()
    raw.write(frame(kinds.end, 1))
    await turns()
    expect(faults).toEqual(['stream'])
  })

  it('reads no further while nobody reads what it has sent', async () => {
    raw.pause()
    for (let sent = 0; sent < 20; sent += 1) server.send(kinds.answer, 1, Buffer.alloc(64 * 1024))
    raw.write(frame(kinds.unreadable, 1))
    await turns()
    expect(heard).toEqual([1])
    raw.write(frame(kinds.unreadable, 2))
    await turns()
    expect(heard).toEqual([1])
    raw.resume()
    await turns()
    expect(heard).toEqual([1, 2])
  })
})
