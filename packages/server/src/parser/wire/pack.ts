/** Thrown by a reader where a payload is not what its kind of frame has. Never leaves `wire/`. */
export class Malformed extends Error {}

/**
 * Puts a payload together: how long its first two parts are; bytes, numbers and lengths of texts; all texts in one
 * piece; and what it ends with. Texts are UTF-8, their lengths are those of JavaScript, numbers have 32 bits. One piece
 * is written and read at once: to do that for each text takes longer than all else that is done with a head.
 */
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

const headBytes = 8
const none = new Uint8Array()

/** One piece of memory for all: a payload is copied out of it once, when it is whole. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024)
let at = headBytes
let written = ''
let ending: Uint8Array = none

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
    written += value
    return packer.number(value.length)
  },
  texts: (values) => {
    packer.number(values.length)
    for (const value of values) packer.text(value)
    return packer
  },
  rest: (value) => {
    ending = value
    return packer
  },
  done: () => {
    const fixed = at - headBytes
    scratch.writeUInt32BE(fixed, 0)
    room(3 * written.length)
    const textBytes = written === '' ? 0 : scratch.write(written, at, 'utf8')
    scratch.writeUInt32BE(textBytes, 4)
    at += textBytes
    const payload = Buffer.allocUnsafe(at + ending.length)
    scratch.copy(payload, 0, 0, at)
    payload.set(ending, at)
    written = ''
    ending = none
    return payload
  },
}

/** Begins a payload; one at a time. */
export function pack(): Packer {
  at = headBytes
  written = ''
  ending = none
  return packer
}

function room(bytes: number): void {
  if (at + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow(2 * (at + bytes))
  scratch.copy(larger, 0, 0, at)
  scratch = larger
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
  if (payload.length < headBytes) throw new Malformed('it ends early')
  const fixedEnd = headBytes + payload.readUInt32BE(0)
  const textEnd = fixedEnd + payload.readUInt32BE(4)
  if (textEnd > payload.length) throw new Malformed('it ends early')
  const all = textEnd === fixedEnd ? '' : payload.toString('utf8', fixedEnd, textEnd)
  let from = headBytes
  let read = 0
  let ended = textEnd === payload.length
  const take = (bytes: number): number => {
    if (bytes > fixedEnd - from) throw new Malformed('it ends early')
    from += bytes
    return from - bytes
  }
  const unpacker: Unpacker = {
    byte: () => payload[take(1)] ?? 0,
    one: (of) => {
      const value = of[unpacker.byte()]
      if (value === undefined) throw new Malformed('there is no such value')
      return value
    },
    flag: () => unpacker.one(noOrYes),
    number: () => payload.readUInt32BE(take(4)),
    text: (maxLength) => {
      const length = unpacker.number()
      if (length > maxLength) throw new Malformed('a text is too long')
      read += length // beyond all that there are: `end` says so
      return all.slice(read - length, read)
    },
    texts: (maxCount, maxLength) => {
      const count = unpacker.number()
      if (count > maxCount) throw new Malformed('there are too many texts')
      const texts: string[] = []
      for (let index = 0; index < count; index += 1) texts.push(unpacker.text(maxLength))
      return texts
    },
    rest: (maxBytes) => {
      if (payload.length - textEnd > maxBytes) throw new Malformed('there are too many bytes')
      ended = true
      return Buffer.from(payload.subarray(textEnd))
    },
    end: () => {
      if (from !== fixedEnd || read !== all.length || !ended) throw new Malformed('something is left over')
    },
  }
  return unpacker
}

const noOrYes = [false, true] as const
