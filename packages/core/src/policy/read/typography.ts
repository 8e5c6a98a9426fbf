const doubles = '“”„‟«»＂″'
const singles = '‘’‚‛′'
const dashes = '–—‒―−‐‑'
const spaces = '\u00a0\u202f\u2007\u2009\ufeff'

/**
 * A document as it was meant before a word processor or a PDF gave it typographic quotes and dashes.
 * Undefined when it has none. Every character is replaced in place, so that lines and columns stay true.
 * Never applied silently: the reader offers the result, and a person decides.
 */
export function straighten(text: string): { readonly text: string; readonly at: number } | undefined {
  let at = -1
  let result = ''
  // The quotes that may end the string being read; empty outside of strings.
  let closing = ''
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index)
    let straight = char
    if (closing === '') {
      if (char === '"') closing = '"'
      else if (doubles.includes(char)) [straight, closing] = ['"', '"' + doubles]
      else if (singles.includes(char)) [straight, closing] = ['"', singles]
      else if (dashes.includes(char)) straight = '-'
      else if (spaces.includes(char)) straight = ' '
    } else if (char === '\\') {
      straight = char + text.charAt(index + 1)
      index += 1
    } else if (closing.includes(char)) {
      ;[straight, closing] = ['"', '']
    } else if (singles.includes(char)) straight = "'"
    else if (dashes.includes(char)) straight = '-'
    else if (char === '"') straight = '\\"'
    if (straight !== char && !straight.startsWith('\\') && at === -1) at = index
    result += straight
  }
  return at === -1 ? undefined : { text: result, at }
}
