import { type AnswerFault, type AnswerHead, maxHeadBytes, readAnswerHead, readFields } from './answer-head.ts'

/** What a reader finds. Bytes are views of what it was given, and must be copied where they are kept. */
export interface AnswerEvents {
  head(head: AnswerHead): void
  part(bytes: Buffer): void
  end(trailers: AnswerHead['headers']): void
}

/** Reads one answer from one connection. */
export interface AnswerReader {
  /** What is wrong with the bytes; nothing is to be read after that. */
  read(bytes: Buffer): AnswerFault | undefined
  /** The connection has ended; what is wrong with that, if anything is. */
  close(): AnswerFault | undefined
}

/** Answers before the answer (RFC 9110 §15.2) that are let go. */
const maxInterim = 16
const maxChunkLineBytes = 1_024
const word = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,64}"
/** Extensions of the plainest form, and nothing is made of them (RFC 9112 §7.1.1). */
const chunkLine = new RegExp(`^([0-9A-Fa-f]{1,8})(?:;${word}(?:=${word})?){0,8}$`)
/** Fields that say where an answer ends have no business behind its end (RFC 9110 §6.5.1). */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'host', 'trailer'])

type At = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'over'

/** See `readAnswerHead` for whom it is wary of. What follows the end of the answer is the fault `unasked`. */
export function answerReader(method: string, events: AnswerEvents): AnswerReader {
  let at: At = 'head'
  let left = 0
  let interim = 0
  let held: Buffer | undefined

  /** The text before `mark`, once it is there; `undefined` until then, and what is there is held. */
  function takeUntil(all: Buffer, from: number, mark: string): number | undefined {
    const end = all.indexOf(mark, from, 'latin1')
    if (end >= 0) return end
    held = Buffer.from(all.subarray(from)) // a copy: what was given is not ours
    return undefined
  }

  function begin(head: AnswerHead): AnswerFault | undefined {
    if (head.status === 101) return 'switch'
    if (head.status < 200) return ++interim > maxInterim ? 'head' : undefined
    events.head(head)
    switch (head.body) {
      case 'chunked':
        at = 'chunk-line'
        break
      case 'until-close':
        at = 'until-close'
        break
      default:
        left = head.body
        at = 'length'
        if (left === 0) finish([])
    }
    return undefined
  }

  function finish(trailers: AnswerHead['headers']): void {
    at = 'over'
    events.end(trailers)
  }

  function read(bytes: Buffer): AnswerFault | undefined {
    const all = held === undefined ? bytes : Buffer.concat([held, bytes])
    held = undefined
    for (let from = 0; from < all.length;) {
      switch (at) {
        case 'head': {
          const end = takeUntil(all, from, '\r\n\r\n')
          if ((end ?? all.length) - from > maxHeadBytes) return 'too_large' // of a head
          if (end === undefined) return undefined
          const head = readAnswerHead(all.toString('latin1', from, end), method)
          const fault = typeof head === 'string' ? head : begin(head)
          if (fault !== undefined) return fault
          from = end + 4
          break
        }
        case 'length':
        case 'chunk': {
          const part = from === 0 && all.length <= left ? all : all.subarray(from, from + left)
          left -= part.length
          from += part.length
          events.part(part)
          if (left > 0) break
          if (at === 'length') finish([])
          else at = 'chunk-end'
          break
        }
        case 'chunk-end':
          if (all.length - from < 2) {
            if (all[from] !== 0x0d) return 'chunk'
            held = Buffer.from(all.subarray(from))
            return undefined
          }
          if (all[from] !== 0x0d || all[from + 1] !== 0x0a) return 'chunk'
          from += 2
          at = 'chunk-line'
          break
        case 'chunk-line': {
          const end = takeUntil(all, from, '\r\n')
          if ((end ?? all.length) - from > maxChunkLineBytes) return 'chunk'
          if (end === undefined) return undefined
          const [, size] = chunkLine.exec(all.toString('latin1', from, end)) ?? []
          if (size === undefined) return 'chunk'
          left = Number.parseInt(size, 16)
          at = left === 0 ? 'trailers' : 'chunk'
          // The end of this line is that of an empty trailer section, where the next follows at once.
          from = left === 0 ? end : end + 2
          break
        }
        case 'trailers': {
          const end = takeUntil(all, from, '\r\n\r\n')
          if ((end ?? all.length) - from > maxHeadBytes) return 'too_large'
          if (end === undefined) return undefined
          const trailers = readFields(all.toString('latin1', from, end), 2)
          if (trailers === undefined || trailers.some(([name]) => framing.has(name))) return 'trailers'
          from = end + 4
          finish(trailers)
          break
        }
        case 'until-close':
          events.part(from === 0 ? all : all.subarray(from))
          return undefined
        case 'over':
          return 'unasked'
      }
    }
    return undefined
  }

  return {
    read,
    close: () => {
      if (at === 'over') return undefined
      if (at !== 'until-close') return 'cut_off'
      finish([])
      return undefined
    },
  }
}
