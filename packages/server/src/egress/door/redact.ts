import { Transform } from 'node:stream'

/** Shorter secrets would turn ordinary text into stars, and are not looked for. */
const minPatternBytes = 6

/**
 * The forms in which an upstream might hand a secret back: as it is, percent-encoded, in hex, and in base64 at each
 * of its three alignments. Best effort: a reflection in any other form is not seen.
 */
export function secretPatterns(secrets: readonly string[]): readonly Buffer[] {
  const texts = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    ...[0, 1, 2].flatMap((shift) => base64Core(secret, shift)),
  ])
  return [...new Set(texts)].map((text) => Buffer.from(text)).filter((bytes) => bytes.length >= minPatternBytes)
}

/** Stars over every pattern, length kept, so that lengths stated elsewhere stay true. */
export function redact(bytes: Buffer, patterns: readonly Buffer[]): Buffer {
  let copy: Buffer | undefined
  for (const pattern of patterns) {
    for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
      copy ??= Buffer.from(bytes)
      copy.fill('*', at, at + pattern.length)
    }
  }
  return copy ?? bytes
}

/**
 * The same for a stream, also across its chunks. Holds back only a tail that could be the start of a secret, and that
 * for `holdMs` at most where it is given: a message that merely ends like a secret must still arrive.
 */
export function redactor(patterns: readonly Buffer[], holdMs?: number): Transform {
  let held: Buffer = Buffer.alloc(0)
  let timer: NodeJS.Timeout | undefined
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      clearTimeout(timer)
      const bytes = redact(held.length === 0 ? chunk : Buffer.concat([held, chunk]), patterns)
      const keep = tailToKeep(bytes, patterns)
      held = bytes.subarray(bytes.length - keep)
      if (keep > 0 && holdMs !== undefined) {
        timer = setTimeout(() => {
          this.push(held)
          held = Buffer.alloc(0)
        }, holdMs)
      }
      done(null, bytes.subarray(0, bytes.length - keep))
    },
    flush(done) {
      clearTimeout(timer)
      done(null, held)
    },
    destroy(error, done) {
      clearTimeout(timer)
      done(error)
    },
  })
}

/** The longest end of `bytes` that is the beginning of a pattern. */
function tailToKeep(bytes: Buffer, patterns: readonly Buffer[]): number {
  let keep = 0
  for (const pattern of patterns) {
    for (let length = Math.min(pattern.length - 1, bytes.length); length > keep; length--) {
      if (bytes.subarray(bytes.length - length).equals(pattern.subarray(0, length))) keep = length
    }
  }
  return keep
}

/** The base64 characters that depend on the secret alone when `shift` bytes stand before it; both alphabets. */
function base64Core(secret: string, shift: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
  const text = bytes
    .subarray(0, bytes.length - (bytes.length % 3))
    .toString('base64')
    .slice(shift === 0 ? 0 : shift + 1)
  return /[+/]/.test(text) ? [text, text.replaceAll('+', '-').replaceAll('/', '_')] : [text]
}
