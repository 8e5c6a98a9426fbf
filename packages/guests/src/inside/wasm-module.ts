const memorySection = 5

/** One section of a module: its id, and where its contents begin and end. */
interface Section {
  readonly id: number
  readonly start: number
  readonly end: number
}

/** True when a module defines a memory, besides or in place of one that it imports. */
export function ownsMemory(module: Uint8Array): boolean {
  return sectionsOf(module).some(({ id, start }) => id === memorySection && readNumber(module, start).value > 0)
}

/**
 * The module with a maximum written into its memory (WebAssembly Core Specification §5.5.8), which its maker left
 * open. Throws where it has not exactly one, of the plain kind.
 */
export function withMaximumMemory(module: Uint8Array, maximumPages: number): Uint8Array {
  const found = sectionsOf(module).find(({ id }) => id === memorySection)
  if (found === undefined) throw new TypeError('the module has no memory')
  const count = readNumber(module, found.start)
  const flags = module[count.next]
  if (count.value !== 1 || (flags !== 0 && flags !== 1)) throw new TypeError('the module has no single plain memory')
  const minimum = readNumber(module, count.next + 1).value
  if (minimum > maximumPages) {
    throw new TypeError(`the engine needs ${minimum} pages of memory, and ${maximumPages} are its most`)
  }
  const contents = [1, 1, ...writeNumber(minimum), ...writeNumber(maximumPages)]
  const header = found.start - writeNumber(found.end - found.start).length - 1
  const sized = [memorySection, ...writeNumber(contents.length), ...contents]
  return Buffer.concat([module.subarray(0, header), Uint8Array.from(sized), module.subarray(found.end)])
}

/** Adversary: whoever made the file. Only lengths are read, and none leads outside it. */
function sectionsOf(module: Uint8Array): readonly Section[] {
  const sections: Section[] = []
  for (let at = 8; at < module.length;) {
    const id = module[at] ?? 0
    const { value, next } = readNumber(module, at + 1)
    const end = next + value
    if (end > module.length) throw new TypeError('the module ends within a section')
    sections.push({ id, start: next, end })
    at = end
  }
  return sections
}

/** Unsigned LEB128 of up to 32 bits (§5.2.2). */
function readNumber(bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[from + index] ?? 0x80 // past the end, a number goes on
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: from + index + 1 }
  }
  throw new TypeError('the module holds a number without an end')
}

function writeNumber(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(value >>> 7)]
}
