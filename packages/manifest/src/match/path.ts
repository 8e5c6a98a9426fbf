/** A path template, cut into segments: `/orders/:id/refund`. A slash at its end is one more, a literal of nothing. */
export interface PathTemplate {
  readonly segments: readonly Segment[]
  readonly text: string
}

/** What stands between two slashes of a template: itself, or any one segment under a name (`:id`). */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }

/** Cuts a template. Undefined for dot segments and for a parameter named twice. */
export function parsePathTemplate(text: string): PathTemplate | undefined {
  if (!text.startsWith('/')) return undefined
  const parts = segmentsOf(text)
  if (parts === undefined || parts.includes(':')) return undefined
  const segments = parts.map((part): Segment =>
    part.startsWith(':') ? { kind: 'parameter', name: part.slice(1) } : { kind: 'literal', text: part },
  )
  const parameters = segments.flatMap((segment) => (segment.kind === 'parameter' ? [segment.name] : []))
  return new Set(parameters).size === parameters.length ? { segments, text } : undefined
}

/**
 * A request path, cut into its raw segments; undefined when two readers could take it for two different paths.
 * Adversary: a caller who writes `..`, `%2e`, `%2f`, `%61`, `//`, `\` or control characters, hoping that we match one
 * path and the upstream serves another. Refused, never normalised; case counts.
 */
export function splitPath(path: string): readonly string[] | undefined {
  if (!path.startsWith('/') || path.length > 8192) return undefined
  // RFC 3986 §3.3 pchar, besides the slash; anything else must be percent-encoded.
  if (!/^[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/.test(path)) return undefined
  if (path.includes('%')) {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined
    // Encoded slash, backslash, percent, and every control character.
    if (/%(?:2f|5c|25|[01][0-9a-f]|7f)/i.test(path)) return undefined
    // What means the same without its encoding (RFC 3986 §6.2.2.2): `/orders/%65xport` is no `:id`.
    if (/%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/i.test(path)) return undefined
  }
  return segmentsOf(path)
}

/**
 * The last segment may be nothing: `/orders/` is a path of its own, to many a server, and to others the same as
 * `/orders`. It is never taken for that here, so whoever means both writes both down.
 */
function segmentsOf(path: string): readonly string[] | undefined {
  if (path === '/') return []
  const parts = path.slice(1).split('/')
  const wrong = parts.some((part, at) => part === '.' || part === '..' || (part === '' && at < parts.length - 1))
  return wrong ? undefined : parts
}

/** The parameters, decoded, when the segments fit the template; else undefined. */
export function matchTemplate(
  template: PathTemplate,
  parts: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (parts.length !== template.segments.length) return undefined
  const parameters: [string, string][] = []
  for (let index = 0; index < parts.length; index++) {
    const segment = template.segments[index]
    const part = parts[index] ?? ''
    if (segment === undefined) return undefined
    if (segment.kind === 'literal') {
      if (segment.text !== part) return undefined
    } else {
      const value = decodeSegment(part)
      if (value === undefined || value === '') return undefined
      parameters.push([segment.name, value])
    }
  }
  return Object.fromEntries(parameters)
}

/**
 * True when the segments say what the template says, but spell a literal of it in another way: `/users/%40me` for
 * `/users/@me`. Whoever decodes them serves this template, and we would have taken the next one.
 */
export function spellsOtherwise({ segments }: PathTemplate, parts: readonly string[]): boolean {
  if (parts.length !== segments.length || !parts.some((part) => part.includes('%'))) return false
  const literals = segments.flatMap((segment, at) =>
    segment.kind === 'literal' ? [[segment.text, parts[at] ?? ''] as const] : [],
  )
  return (
    literals.every(([text, part]) => decodeSegment(text) === decodeSegment(part)) &&
    literals.some(([text, part]) => text !== part)
  )
}

/** True when some path fits both templates and neither is more literal at the first place where they differ. */
export function sameShape(a: PathTemplate, b: PathTemplate): boolean {
  return (
    a.segments.length === b.segments.length &&
    a.segments.every((segment, index) => {
      const other = b.segments[index]
      if (segment.kind === 'parameter') return other?.kind === 'parameter'
      return other?.kind === 'literal' && other.text === segment.text
    })
  )
}

/** Orders templates so that a literal segment is tried before a parameter in the same place. */
export function byLiteralFirst(a: PathTemplate, b: PathTemplate): number {
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index]
    if (other !== undefined && segment.kind !== other.kind) return segment.kind === 'literal' ? -1 : 1
  }
  return a.segments.length - b.segments.length
}

function decodeSegment(part: string): string | undefined {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch (error) {
    // Valid hex pairs that are not UTF-8: no text, hence no parameter.
    if (error instanceof URIError) return undefined
    throw error
  }
}
