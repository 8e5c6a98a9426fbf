/**
 * One shell word. Only harmless characters are quoted at all: parts of a request are chosen by whoever made it, and
 * what we print as a fix is pasted into an operator's terminal. Undefined when the text holds anything else.
 */
export function shellWord(text: string): string | undefined {
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(text)) return text
  return /^[A-Za-z0-9_./:@%+,=~()<> -]+$/.test(text) ? `'${text}'` : undefined
}

/** `sallyport allow …`, or undefined when a part of it is not fit to be pasted. */
export function command(...words: readonly string[]): string | undefined {
  const quoted = words.map(shellWord)
  return quoted.includes(undefined) ? undefined : `sallyport ${quoted.join(' ')}`
}

/** The member `fix`, where there is one. */
export function fixOf(...words: readonly string[]): { readonly fix?: string } {
  const fix = command(...words)
  return fix === undefined ? {} : { fix }
}
