import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { maxPackedBytes, type PackedTree, writeTree } from './packed-tree.ts'

let parent: string
let root: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'sallyport-packed-'))
  root = mkdtempSync(join(parent, 'root-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

function frame(header: unknown, bytes = ''): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, Buffer.from(bytes)])
}

const file = (path: string, bytes = 'x', more: object = {}): Buffer =>
  frame({ kind: 'file', path, size: bytes.length, executable: false, ...more }, bytes)
const link = (path: string, target: string): Buffer => frame({ kind: 'link', path, target })
const end = frame({ kind: 'end' })
const write = (...frames: readonly Buffer[]): Promise<PackedTree> =>
  writeTree(Readable.from([Buffer.concat(frames)]), root)
const broken = { code: 'host.build_box' }

describe('a tree that a box sends', () => {
  it('is written as it was sent, however it was cut', async () => {
    const frames = Buffer.concat([
      file('a/b.js', 'one', { executable: true }),
      file('a/empty', ''),
      link('a/c.js', './b.js'),
      end,
    ])
    const tree = await writeTree(Readable.from(Array.from(frames, (byte) => Buffer.from([byte]))), root)
    expect(tree.faults).toEqual([])
    expect([...tree.files.keys()]).toEqual(['a/b.js', 'a/empty', 'a/c.js'])
    expect(readFileSync(join(root, 'a/b.js'), 'utf8')).toBe('one')
    expect(statSync(join(root, 'a/b.js')).mode & 0o777).toBe(0o755)
    expect(readlinkSync(join(root, 'a/c.js'))).toBe('./b.js')
  })

  it('has no path that leads out of its folder', async () => {
    for (const path of ['../out', 'a/../../out', '/tmp/out', 'a//b', './a', '', 'a\0b']) {
      await expect(write(file(path), end), path).rejects.toMatchObject(broken)
    }
    expect(existsSync(join(parent, 'out'))).toBe(false)
  })

  it('has no link that leads out of it', async () => {
    for (const [path, target] of [
      ['a', '/etc'],
      ['a', '../out'],
      ['a/b', '../../out'],
      ['a/b', 'c/../../../out'],
      ['a/b', 'c/../d'], // where c is a link, that leads elsewhere
      ['a', '..'],
      ['a', ''],
      ['a', 'b\0'],
    ] as const) {
      await expect(write(link(path, target), end), target).rejects.toMatchObject(broken)
    }
    await write(link('a/b', '../c'), end)
    expect(lstatSync(join(root, 'a/b')).isSymbolicLink()).toBe(true)
  })

  it('has nothing below a link', async () => {
    await expect(write(link('a', 'b'), file('a/c'), end)).rejects.toMatchObject(broken)
  })

  it('writes over nothing that it sent before', async () => {
    await expect(write(link('a', 'b'), file('a'), end)).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('ends as it says that it ends', async () => {
    await expect(write(file('a'))).rejects.toMatchObject(broken)
    await expect(write(frame({ kind: 'file', path: 'b', size: 9 }, 'x'))).rejects.toMatchObject(broken)
    await expect(write(file('c'), end, Buffer.from('x'))).rejects.toMatchObject(broken)
  })

  it('has heads of so many bytes, and of kinds that there are', async () => {
    const padded = (letters: number): Buffer =>
      frame({ kind: 'fault', path: 'a', code: 'build.failed', pad: 'x'.repeat(letters) })
    expect((await write(padded(1_000), end)).faults).toHaveLength(1)
    await expect(write(padded(16 * 1024), end)).rejects.toMatchObject(broken)
    for (const header of [
      { kind: 'device', path: 'a' },
      { kind: 'file', path: 'a', size: -1 },
      { kind: 'file', path: 'a', size: 1.5 },
      { kind: 'file', path: 7, size: 0 },
      { kind: 'fault', path: 'a', code: 'build.other' },
      'null',
      'no json',
    ]) {
      await expect(write(frame(header), end), JSON.stringify(header)).rejects.toMatchObject(broken)
    }
  })

  it('is read no further once something in it is none', async () => {
    let sent = 0
    const parts = async function* (first: Buffer): AsyncGenerator<Buffer> {
      yield first
      for (sent = 0; sent < 100; sent += 1) yield file(`after-${sent}`)
      yield end
    }
    const read = (first: Buffer): Promise<PackedTree> => writeTree(Readable.from(parts(first)), root)
    await read(file('first'))
    expect(sent, 'control').toBe(100)
    await expect(read(frame({ kind: 'device', path: 'a' }))).rejects.toMatchObject(broken)
    expect(sent).toBeLessThan(50)
  })

  it('has so many bytes, and says what was too much', async () => {
    const head = frame({ kind: 'file', path: 'big', size: maxPackedBytes + 1 })
    const parts = function* (): Generator<Buffer> {
      yield head
      const part = Buffer.alloc(8 * 1024 * 1024)
      for (let left = maxPackedBytes + 1; left > 0; left -= part.length) yield part.subarray(0, left)
      yield end
    }
    const { faults } = await writeTree(Readable.from(parts()), root)
    expect(faults).toEqual([{ code: 'build.too_large', path: 'big' }])
    expect(existsSync(join(root, 'big'))).toBe(false)
  })

  it('says what stands in the way', async () => {
    for (const code of ['build.outside_app', 'build.failed', 'build.too_large']) {
      const { faults } = await write(frame({ kind: 'fault', path: 'a', code }), end)
      expect(faults).toEqual([{ code, path: 'a' }])
    }
  })
})
