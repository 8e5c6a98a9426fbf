import { Transform } from 'node:stream'

/** Shorter secrets would turn ordinary text into stars, and are not looked for. */
const minPatternBytes = 6

/**
 * The forms in which an upstream might hand a secret back: as it is, percent-encoded, in hex, and in base64 at each
 * of its three alignments; one character for each byte. Best effort: a reflection in any other form is not seen.
 */
export function secretPatterns(secrets: readonly string[]): readonly string[] {
  const patterns = new Set<string>()
  for (const secret of secrets) {
    // Two bytes in front, of which an alignment takes none, one or both.
    const bytes = Buffer.from(`\0\0${secret}`)
    patterns.add(bytes.toString('latin1', 2))
    patterns.add(encodeURIComponent(secret.toWellFormed()))
    patterns.add(bytes.toString('hex', 2))
    for (const shift of [0, 1, 2]) {
      patterns.add(base64Core(bytes, shift, 'base64'))
      patterns.add(base64Core(bytes, shift, 'base64url'))
    }
  }
  return [...patterns].filter(({ length }) => length >= minPatternBytes)
}

/** Stars over every pattern, length kept, so that lengths stated elsewhere stay true. */
export function redact(bytes: Buffer, patterns: readonly string[]): Buffer {
  const text = bytes.toString('latin1')
  let copy: Buffer | undefined
  for (const pattern of patterns) {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) {
      copy ??= Buffer.from(bytes)
      copy.fill('*', at, at + pattern.length)
    }
  }
  return copy ?? bytes
}

/** The same for a text of one character for each byte, such as the value of a header. */
function redactText(text: string, patterns: readonly string[]): string {
  return patterns.some((pattern) => text.includes(pattern))
    ? redact(Buffer.from(text, 'latin1'), patterns).toString('latin1')
    : text
}

/** The same for fields. Most hold no secret, which one look at all of them tells. */
export function redactFields(
  fields: readonly (readonly [name: string, value: string])[],
  patterns: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  let all = ''
  for (const [, value] of fields) all += `${value}\n`
  if (!patterns.some((pattern) => all.includes(pattern))) return fields
  return fields.map(([name, value]) => [name, redactText(value, patterns)] as const)
}

/**
 * The same for a stream, also across its chunks. Holds back only a tail that could be the start of a secret, and that
 * for `holdMs` at most where it is given: a message that merely ends like a secret must still arrive.
 */
export function redactor(patterns: readonly string[], holdMs?: number): Transform {
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
function tailToKeep(bytes: Buffer, patterns: readonly string[]): number {
  const longest = patterns.reduce((most, { length }) => Math.max(most, length), 0)
  const tail = bytes.toString('latin1', Math.max(0, bytes.length - longest))
  let keep = 0
  for (const pattern of patterns) {
    for (let length = Math.min(pattern.length - 1, tail.length); length > keep; length--) {
      if (tail.endsWith(pattern.slice(0, length))) keep = length
    }
  }
  return keep
}

/** The base64 characters that depend on the secret alone when `shift` of the two bytes before it are taken. */
function base64Core(bytes: Buffer, shift: number, alphabet: 'base64' | 'base64url'): string {
  const start = 2 - shift
  const whole = bytes.length - ((bytes.length - start) % 3)
  return bytes.toString(alphabet, start, whole).slice(shift === 0 ? 0 : shift + 1)
}
