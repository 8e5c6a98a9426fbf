/** Thrown by a reader where a payload is not what its kind of frame has. Never leaves `wire/`. */
export class Malformed extends Error {}

/** Puts a payload together. Texts are UTF-8, lengths and numbers 32 bits. */
export interface Packer {
  byte(value: number): Packer
  number(value: number): Packer
  text(value: string): Packer
  /** How many, then names and values by turns. */
  texts(values: readonly string[]): Packer
  /** Must come last. */
  rest(value: Uint8Array): Packer
  done(): Buffer
}

/** One piece of memory for all: a payload is copied out of it once, when it is whole. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** Begins a payload; one at a time. */
export function pack(): Packer {
  let at = 0
  const room = (bytes: number): void => {
    if (at + bytes <= scratch.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (at + bytes))
    scratch.copy(larger, 0, 0, at)
    scratch = larger
  }
  const packer: Packer = {
    byte: (value) => {
      room(1)
      scratch[at++] = value
      return packer
    },
    number: (value) => {
      room(4)
      at = scratch.writeUInt32BE(value, at)
      return packer
    },
    text: (value) => {
      room(4 + 3 * value.length)
      const written = scratch.write(value, at + 4, 'utf8')
      scratch.writeUInt32BE(written, at)
      at += 4 + written
      return packer
    },
    texts: (values) => {
      packer.number(values.length)
      for (const value of values) packer.text(value)
      return packer
    },
    rest: (value) => {
      room(value.length)
      scratch.set(value, at)
      at += value.length
      return packer
    },
    done: () => Buffer.from(scratch.subarray(0, at)),
  }
  return packer
}

/** Reads a payload in the order in which it was put together. Every method throws `Malformed`. */
export interface Unpacker {
  byte(): number
  /** One of the values of a table, by its place. */
  one<T>(of: readonly T[]): T
  flag(): boolean
  number(): number
  text(maxLength: number): string
  texts(maxCount: number, maxLength: number): string[]
  rest(maxBytes: number): Buffer
  /** Throws where something is left. */
  end(): void
}

/** Adversary: a parser that was taken over, whose numbers may point anywhere. Nothing is read beyond the payload. */
export function unpack(payload: Buffer): Unpacker {
  let at = 0
  const take = (bytes: number): number => {
    const from = at
    if (bytes > payload.length - from) throw new Malformed('it ends early')
    at += bytes
    return from
  }
  const unpacker: Unpacker = {
    byte: () => payload[take(1)] ?? 0,
    one: (of) => {
      const value = of[unpacker.byte()]
      if (value === undefined) throw new Malformed('there is no such value')
      return value
    },
    flag: () => unpacker.one([false, true]),
    number: () => payload.readUInt32BE(take(4)),
    text: (maxLength) => {
      const length = unpacker.number()
      if (length > maxLength) throw new Malformed('a text is too long')
      const from = take(length)
      return payload.toString('utf8', from, from + length)
    },
    texts: (maxCount, maxLength) => {
      const count = unpacker.number()
      if (count > maxCount) throw new Malformed('there are too many texts')
      const texts: string[] = []
      for (let index = 0; index < count; index += 1) texts.push(unpacker.text(maxLength))
      return texts
    },
    rest: (maxBytes) => {
      if (payload.length - at > maxBytes) throw new Malformed('there are too many bytes')
      return Buffer.from(payload.subarray(take(payload.length - at)))
    },
    end: () => {
      if (at !== payload.length) throw new Malformed('something is left over')
    },
  }
  return unpacker
}
