/** Where one member's value stands in a text. */
export interface Span {
  readonly from: number
  /** After its last character. */
  readonly to: number
}

/**
 * The top members of a JSON object as spans, without reading what is in them: a text that was seen before need not be
 * read again. Undefined where the text is not plainly an object of members; the strict parser then says why. What a
 * span holds may still be no JSON.
 */
export function rawMembers(text: string): ReadonlyMap<string, Span> | undefined {
  const members = new Map<string, Span>()
  let at = skipSpace(text, 0)
  if (text[at] !== '{') return undefined
  at = skipSpace(text, at + 1)
  if (text[at] === '}') return skipSpace(text, at + 1) === text.length ? members : undefined
  for (;;) {
    const nameEnd = text[at] === '"' ? endOfString(text, at) : -1
    if (nameEnd === -1) return undefined
    const name = text.slice(at + 1, nameEnd - 1)
    at = skipSpace(text, nameEnd)
    // An escape may spell a known name in another way, and a repeated name says two things.
    if (text[at] !== ':' || name.includes('\\') || members.has(name)) return undefined
    const from = skipSpace(text, at + 1)
    const to = endOfValue(text, from)
    if (to === -1) return undefined
    members.set(name, { from, to })
    at = skipSpace(text, to)
    if (text[at] === '}') return skipSpace(text, at + 1) === text.length ? members : undefined
    if (text[at] !== ',') return undefined
    at = skipSpace(text, at + 1)
  }
}

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfString(text, from)
  let at = from
  if (first !== '{' && first !== '[') {
    while (at < text.length && !/[\s,{}[\]:"]/.test(text.charAt(at))) at += 1
    return at === from ? -1 : at
  }
  let depth = 0
  for (; at !== -1 && at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at) - 1
      if (at < 0) return -1
    } else if (code === 0x7b || code === 0x5b) depth += 1
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return -1
}

/** After the closing quote; -1 when there is none. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1
    if (slashes % 2 === 0) return quote + 1
  }
  return -1
}

function skipSpace(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at
    at += 1
  }
}
