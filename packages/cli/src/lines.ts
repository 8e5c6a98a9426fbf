import { isUtf8 } from 'node:buffer'

/** One line of a stream, without its line break; undefined where it is too long or is not UTF-8. */
export type Line = string | undefined

const NEWLINE = 0x0a

/**
 * Splits a stream of bytes into lines, in order, holding no more than one line at once. Adversary: a stream without
 * line breaks; what goes over `mostBytes` is dropped up to the next one.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<readonly Line[]> {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  const finish = (): Line => {
    const [only, ...others] = kept
    const bytes = others.length === 0 ? only : Buffer.concat(kept) // none of a line that was too long
    kept = []
    keptBytes = 0
    if (bytes === undefined) return undefined
    return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : undefined
  }
  const keep = (bytes: Uint8Array): void => {
    keptBytes += bytes.length
    if (keptBytes <= mostBytes) kept.push(bytes)
    else kept = []
  }
  for await (const chunk of stream) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end))
      lines.push(finish())
      start = end + 1
    }
    if (start < chunk.length) keep(chunk.subarray(start))
    yield lines
  }
  if (keptBytes > 0) yield [finish()]
}
