import { expect, test } from 'vitest'

import { assemble, manyFaced, withOwnMemory } from '../testing/modules.ts'
import { ownsMemory, withMaximumMemory } from './wasm-module.ts'

const growing = (memory: string): string =>
  `(module (memory ${memory}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`

// The runtime's own, whose types no library of this project declares.
const { instantiate } = Reflect.get(globalThis, 'WebAssembly') as {
  readonly instantiate: (
    bytes: Uint8Array,
  ) => Promise<{ readonly instance: { readonly exports: { readonly grow: (pages: number) => number } } }>
}

async function growBy(bytes: Uint8Array, pages: number): Promise<number> {
  return (await instantiate(bytes)).instance.exports.grow(pages)
}

test('a module owns a memory that it does not import', async () => {
  expect(ownsMemory(await assemble(manyFaced))).toBe(false)
  expect(ownsMemory(await assemble(withOwnMemory))).toBe(true)
  expect(ownsMemory(await assemble('(module)'))).toBe(false)
})

test('a maximum is written into a memory that has none, and into one that has a greater one', async () => {
  for (const memory of ['1', '1 4000']) {
    const open = await assemble(growing(memory))
    expect(await growBy(open, 300)).toBe(1) // the control: without a maximum it grows
    const bounded = withMaximumMemory(open, 300)
    expect(await growBy(bounded, 299)).toBe(1)
    expect(await growBy(bounded, 300)).toBe(-1)
  }
})

test.each([
  ['no memory', '(module)', 300],
  ['more at first than its most', growing('301'), 300],
])('a module with %s is refused', async (_, text, most) => {
  const module = await assemble(text)
  expect(() => withMaximumMemory(module, most)).toThrow(TypeError)
})

test.each([
  ['of two memories', [5, 5, 2, 0, 1, 0, 1]],
  ['with a memory that threads share', [5, 4, 1, 3, 1, 2]],
  ['with a memory of 64 bits', [5, 3, 1, 4, 1]],
])('a module %s is refused, of which one would stay without a maximum', (_, section) => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  expect(withMaximumMemory(Uint8Array.from([...header, 5, 3, 1, 0, 1]), 300), 'control').toHaveLength(15)
  expect(() => withMaximumMemory(Uint8Array.from([...header, ...section]), 300)).toThrow('no single plain memory')
})

test.each([
  ['a section that leads out of the file', [5, 100, 1]],
  ['a number without an end', [5, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ['nothing after a section id', [5]],
])('%s is refused', (_, rest) => {
  expect(() => ownsMemory(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...rest]))).toThrow(TypeError)
})
