/**
 * A command as it is printed for pasting into a POSIX shell: every word reaches the program as it was given, whatever
 * it holds (POSIX.1-2024, Shell Command Language §2.2.2). Meant for words of our own and of the operator's, such as
 * paths; words that a stranger chose are better not offered for pasting at all.
 */
export function commandLine(...words: readonly [program: string, ...rest: readonly string[]]): string {
  return words.map(shellWord).join(' ')
}

/** The same for a command that only root may run. `uid` is that of the process whose operator will paste it. */
export function rootCommandLine(uid: number | undefined, ...words: readonly [string, ...string[]]): string {
  return uid === 0 ? commandLine(...words) : commandLine('sudo', ...words)
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
