/** What is wrong with a password that somebody wants to set, for the page. */
export interface PasswordFault {
  readonly code: 'password.too_short' | 'password.too_long' | 'password.predictable'
  readonly words: string
}

/** NIST SP 800-63B-4 §3.1.1.2 for a password that may stand alone; ours may, where nothing demands more. */
const minCharacters = 15
const maxBytes = 1_024
const fewestDifferent = 5
/** What fingers and heads count along, forwards and backwards. */
const rows = ['01234567890', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1qaz2wsx3edc4rfv5tgb']

/**
 * Length counts and nothing else is demanded: no digit, no capital, no change every so often. Refused is what is long
 * and still the first guess: one thing again and again, a row of the keyboard, the person's own name.
 */
export function passwordFault(password: string, names: readonly string[]): PasswordFault | undefined {
  const text = password.normalize('NFKC')
  if (Buffer.byteLength(text) > maxBytes) {
    return { code: 'password.too_long', words: 'That is longer than a password can be here.' }
  }
  // Code points, as NIST counts.
  if (Array.from(text).length < minCharacters) {
    return {
      code: 'password.too_short',
      words: `A password has at least ${minCharacters} characters; a sentence will do.`,
    }
  }
  if (isPredictable(text.toLowerCase(), names)) {
    return { code: 'password.predictable', words: 'That is among the first things that anybody would try.' }
  }
  return undefined
}

function isPredictable(text: string, names: readonly string[]): boolean {
  const own = ['password', 'sallyport', ...names].map((name) => name.toLowerCase()).filter((name) => name.length > 2)
  const rest = own.reduce((left, name) => left.replaceAll(name, ''), text)
  return new Set(rest).size < fewestDifferent || isRepeated(text) || isAlongRows(rest)
}

/** `abcabcabcabcabc`: a piece of at most half the text, over and over. */
function isRepeated(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length
}

/** Every three neighbours stand beside each other on a row. */
function isAlongRows(text: string): boolean {
  const along = rows.flatMap((row) => [row, Array.from(row).toReversed().join('')])
  let off = 0
  for (let at = 0; at + 3 <= text.length; at += 3) {
    if (!along.some((row) => row.includes(text.slice(at, at + 3)))) off += 1
  }
  return text.length >= 3 && off * 3 < text.length / 3
}
