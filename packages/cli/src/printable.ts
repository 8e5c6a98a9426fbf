// oxlint-disable no-control-regex -- control characters are what this is about
const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
/** What `paintFor` writes, and nothing else. */
const oursOrHidden = new RegExp(`(\\u001B\\[(?:0|1|2|31|32)m)|${hidden.source}`, 'g')

/** Replaces what would move the cursor, change colours or hide text in a terminal. */
export function printable(text: string): string {
  return text.replace(hidden, '\uFFFD')
}

/** The same over several lines, the further ones set in: none of them begins as a line of another's would. */
export function setIn(text: string): string {
  return printable(text).replaceAll('\n', '\n    | ')
}

/** The same in one line: whoever wrote the text adds no line of their own to what is printed around it. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\r\n]+/g, ' '))
}

/**
 * What a verb prints, with its own colours and nothing else that a terminal obeys. Adversary: a caller, a function, a
 * manifest or another operator, whose words stand in records and answers that somebody reads.
 */
export function shown(text: string): string {
  return text.replace(oursOrHidden, (_, ours: string | undefined) => ours ?? '\uFFFD')
}

/** JSON for programs that a person may look at: such characters stand as escapes, which mean the same. */
export function shownJson(value: unknown): string | undefined {
  const text: string | undefined = JSON.stringify(value, undefined, 2)
  return text === undefined ? undefined : escaped(text)
}

/** JSON text as `shownJson` writes it. */
export function escaped(json: string): string {
  return json.replace(hidden, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
