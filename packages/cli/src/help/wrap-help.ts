/** Columns of the narrowest terminal that the help is laid out for. */
export const helpColumns = 100

const indentOfUsage = '      '
/** `  -h  --help   `, `     [--port]   `, `  up   `: what stands left of an explanation, and the gap. */
const row = /^(\s*(?:-\w +)?\S+ {2,})(\S.*)$/

/**
 * Help as Stricli writes it, laid out for a terminal: usage lines and explanations broken where words end, under each
 * other, and no word of what a flag is when it is not given, which is false for nearly all of them.
 */
export function wrapHelp(help: string, columns: number = helpColumns): string {
  let usage = false
  return help
    .split('\n')
    .flatMap((line) => {
      if (/^[A-Z]/.test(line)) usage = line === 'USAGE'
      if (usage) return wrapped(line, indentOfUsage, columns, / (?=[[(<])/)
      const [, left, right] = row.exec(line) ?? []
      if (left === undefined || right === undefined) return wrapped(line, '', columns, ' ')
      const explained = right
        .replace(/ +\[default = false\]$/, '')
        .replaceAll(/ {2,}/g, '  ')
        .replaceAll(/\S{60,}/g, spaced)
      return wrapped(`${left}${explained}`, ' '.repeat(left.length), columns, ' ')
    })
    .map((line) => line.trimEnd())
    .join('\n')
}

/** A list of values too long for one line may break between them. */
function spaced(values: string): string {
  return values.replaceAll('|', ' | ')
}

/** `text` in lines of at most so many columns, where its parts allow; those that follow begin under `indent`. */
export function wrapped(text: string, indent: string, columns: number, between: string | RegExp = ' '): string[] {
  if (text.length <= columns) return [text]
  const lines: string[] = []
  let current: string | undefined
  for (const part of text.split(between)) {
    if (current === undefined) current = part
    else if (current.trim() === '' || current.length + 1 + part.length <= columns) current += ` ${part}`
    else {
      lines.push(current)
      current = indent + part
    }
  }
  return [...lines, current ?? '']
}
