/**
 * The first member name that occurs twice in one object of a JSON text, at any depth; undefined when all are unique.
 * Two readers that keep different ones would see two different documents (RFC 8259 §4): a caller who is authorised for
 * one table could reach another. Names are compared after unescaping, so `"\u0061"` and `"a"` collide.
 * The text must already have been accepted by `JSON.parse`: only strings, braces and brackets matter then.
 */
export function duplicateMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at)
    if (letter === 0x7b) open.push(new Set())
    else if (letter === 0x5b) open.push(undefined)
    else if (letter === 0x7d || letter === 0x5d) open.pop()
    else if (letter === 0x22) {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names !== undefined && isName(text, end)) {
        const spelled = text.slice(at, end + 1)
        const name: unknown = spelled.includes('\\') ? JSON.parse(spelled) : spelled.slice(1, -1)
        if (typeof name === 'string') {
          if (names.has(name)) return name
          names.add(name)
        }
      }
      at = end
    }
  }
  return undefined
}

/** Where the string from `start` ends: at the first quote that no odd run of backslashes stands before, or at -1. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
}

/** A string is a member's name when a colon is the next thing after it. */
function isName(text: string, end: number): boolean {
  let at = end + 1
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return text[at] === ':'
}
