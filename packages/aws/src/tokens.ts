/** One token of a DynamoDB expression. */
export interface Token {
  readonly kind: 'word' | 'name' | 'value' | 'number' | 'symbol' | 'end'
  /** As written: attribute names have a case, keywords have none. */
  readonly text: string
}

// The service's own limit on the length of an expression ("Expressions", Amazon DynamoDB Developer Guide).
const maxLength = 4096
const form = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(\d{1,5})|(<>|<=|>=|[=<>()[\].,+-]))/y

/** The tokens of an expression, an `end` last; undefined when any character fits nowhere. */
export function tokenize(text: string): readonly Token[] | undefined {
  if (text.length > maxLength) return undefined
  const tokens: Token[] = []
  const body = text.trimEnd()
  form.lastIndex = 0
  while (form.lastIndex < body.length) {
    const [, word, name, value, number, symbol] = form.exec(body) ?? []
    if (word !== undefined) tokens.push({ kind: 'word', text: word })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (value !== undefined) tokens.push({ kind: 'value', text: value })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol })
    else return undefined
  }
  return [...tokens, { kind: 'end', text: '' }]
}
