/** A path template, and the paths that it was made of. */
export interface Generalised {
  /** `/v1/customers/:id`. */
  readonly template: string
  readonly paths: readonly string[]
}

/** So many different words in one place, between the same others, are a variable and no names. */
const variableFrom = 3

/**
 * Paths as the templates that they seem to be instances of: a segment that looks like an id becomes `:id`, and so does
 * one that takes three or more values where all others stay. What is proposed is read by a person before it counts.
 */
export function generalise(paths: readonly string[]): readonly Generalised[] {
  const groups = new Map<string, Set<string>>()
  for (const path of new Set(paths)) {
    const shape = segmentsOf(path).map((segment) => (looksLikeId(segment) ? variable : segment))
    const key = shape.join('/')
    groups.set(key, (groups.get(key) ?? new Set()).add(path))
  }
  return merged(groups).map(([shape, from]) => ({ template: named(shape.split('/')), paths: [...from].toSorted() }))
}

/** No segment of a path holds it: it is no pchar (RFC 3986 §3.3). */
const variable = '{}'

function segmentsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/')
}

function merged(groups: ReadonlyMap<string, ReadonlySet<string>>): readonly (readonly [string, ReadonlySet<string>])[] {
  let shapes = new Map(groups)
  const longest = Math.max(0, ...[...shapes.keys()].map((shape) => shape.split('/').length))
  // From the end: `/a/x/1` and `/a/y/1` differ in a word of theirs, and ids stand behind words more often than before.
  for (let place = longest - 1; place >= 0; place--) {
    const alike = new Map<string, string[]>()
    for (const shape of shapes.keys()) {
      const parts = shape.split('/')
      if (place >= parts.length || parts[place] === variable || parts[place] === '') continue
      const key = parts.with(place, variable).join('/')
      alike.set(key, [...(alike.get(key) ?? []), shape])
    }
    for (const [key, members] of alike) {
      // The first segment tells an API's parts apart; two of them are seldom one.
      if (members.length < variableFrom || place === 0) continue
      const all = new Set([...(shapes.get(key) ?? []), ...members.flatMap((shape) => [...(shapes.get(shape) ?? [])])])
      shapes = new Map([...shapes].filter(([shape]) => !members.includes(shape)))
      shapes.set(key, all)
    }
  }
  return [...shapes]
}

function named(segments: readonly string[]): string {
  let count = 0
  const parts = segments.map((segment) => {
    if (segment !== variable) return segment
    count += 1
    return count === 1 ? ':id' : `:id${count}`
  })
  return `/${parts.join('/')}`
}

/** Numbers, UUIDs, long hex, `cus_9s6XKzkNRiz8i3`, ULIDs and the like, dates, addresses of mail. */
export function looksLikeId(segment: string): boolean {
  if (/^\d+$/.test(segment) || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(segment)) return true
  if (/^[0-9a-f]{8,}$/i.test(segment) && /\d/.test(segment)) return true
  if (/^\d{4}-\d{2}(?:-\d{2})?$/.test(segment) || /^[^@/]+(?:@|%40)[^@/]+\.[^@/]+$/.test(segment)) return true
  const [, tail = ''] = /^(?:[A-Za-z]{1,12}[_-])?([A-Za-z0-9]{8,})$/.exec(segment) ?? []
  // Letters and digits mixed: `v2`, `oauth2` and `base64` are words, for they are short or have one digit's place.
  return tail.length >= 8 && /\d[A-Za-z]+\d|[A-Z].*\d|\d.*[A-Z]|(?:\d.*){4}/.test(tail) && /[A-Za-z]/.test(tail)
}
