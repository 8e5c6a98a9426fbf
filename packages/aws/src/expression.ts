import { type Token, tokenize } from './tokens.ts'

/** What the broker needs to know of an expression: which attributes it touches, and what it pins by `=`. */
export interface Expression {
  /** Top-level attribute names, `#n` resolved, each once. */
  readonly attributes: readonly string[]
  /** `attribute = :value` conditions that must hold for the whole expression to hold. */
  readonly pinned: readonly { readonly attribute: string; readonly value: string }[]
}

/**
 * Which of DynamoDB's expression languages a text is in (Developer Guide, "Using expressions in DynamoDB"). A key
 * condition is read as `condition`.
 */
export type ExpressionKind = 'condition' | 'projection' | 'update'

/** `#n` → attribute name, as ExpressionAttributeNames gives them. */
export type AttributeNames = Readonly<Record<string, string>>

const comparators = new Set(['=', '<>', '<', '<=', '>', '>='])
/** Functions that are a condition by themselves, with their number of arguments. */
const tests: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
}
const changes: Readonly<Record<string, number>> = { if_not_exists: 2, list_append: 2 }
const keywords = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'ADD', 'DELETE'])
const maxDepth = 100

/** A refusal to understand, thrown only inside this file and turned into `undefined` at its edge. */
class NotUnderstood extends Error {}

/**
 * Reads one expression by the grammar of the Amazon DynamoDB Developer Guide ("Using expressions").
 * Undefined for everything outside it: what cannot be read cannot be judged.
 */
export function parseExpression(kind: ExpressionKind, text: string, names: AttributeNames): Expression | undefined {
  const tokens = tokenize(text)
  if (!tokens) return undefined
  try {
    return createParser(tokens, names)[kind]()
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined
    throw error
  }
}

function createParser(tokens: readonly Token[], names: AttributeNames): Record<ExpressionKind, () => Expression> {
  const attributes = new Set<string>()
  const pinned: { attribute: string; value: string }[] = []
  let at = 0
  let depth = 0

  const peek = (ahead = 0): Token => tokens[at + ahead] ?? { kind: 'end', text: '' }
  const is = (text: string): boolean => peek().kind === 'symbol' && peek().text === text
  const keyword = (text: string): boolean => peek().kind === 'word' && peek().text.toUpperCase() === text
  const accept = (found: boolean): boolean => found && at++ >= 0
  const expect = (found: boolean): void => {
    if (!accept(found)) throw new NotUnderstood()
  }
  const list = (item: () => void): void => {
    do item()
    while (accept(is(',')))
  }
  const finish = (): Expression => {
    expect(peek().kind === 'end')
    return { attributes: [...attributes], pinned }
  }

  /** `a.b[0].#c`: returns the top-level name when the path is nothing more than that. */
  function path(): string | undefined {
    const top = segment()
    attributes.add(top)
    let simple = true
    while (is('.') || is('[')) {
      simple = false
      if (accept(is('.'))) segment()
      else {
        expect(is('['))
        expect(peek().kind === 'number')
        expect(is(']'))
      }
    }
    return simple ? top : undefined
  }

  function segment(): string {
    const token = peek()
    at++
    if (token.kind === 'word' && !keywords.has(token.text.toUpperCase())) return token.text
    const resolved = token.kind === 'name' ? names[token.text] : undefined
    if (resolved === undefined) throw new NotUnderstood()
    return resolved
  }

  interface Operand {
    readonly attribute?: string
    readonly value?: string
  }

  function operand(): Operand {
    if (peek().kind === 'value') return { value: tokens[at++]?.text ?? '' }
    if (peek().text.toLowerCase() === 'size' && peek(1).text === '(') {
      at += 2
      path()
      expect(is(')'))
      return {}
    }
    const attribute = path()
    return attribute === undefined ? {} : { attribute }
  }

  function call(table: Readonly<Record<string, number>>, argument: () => void): boolean {
    const name = peek().text.toLowerCase()
    const count = peek().kind === 'word' && peek(1).text === '(' && Object.hasOwn(table, name) ? table[name] : undefined
    if (count === undefined) return false
    at += 2
    for (let index = 0; index < count; index++) {
      if (index > 0) expect(is(','))
      argument()
    }
    expect(is(')'))
    return true
  }

  /** `sure` while every enclosing condition must hold, so that an equality found here pins its attribute. */
  function either(sure: boolean): void {
    if (++depth > maxDepth) throw new NotUnderstood()
    const before = pinned.length
    both(sure)
    while (accept(keyword('OR'))) {
      pinned.length = before // an alternative: what the first side pinned is not pinned any more
      both(false)
    }
    depth--
  }

  function both(sure: boolean): void {
    do negated(sure)
    while (accept(keyword('AND')))
  }

  function negated(sure: boolean): void {
    let certain = sure
    while (accept(keyword('NOT'))) certain = false
    if (accept(is('('))) {
      either(certain)
      expect(is(')'))
    } else if (!call(tests, operand)) comparison(certain)
  }

  function comparison(sure: boolean): void {
    const left = operand()
    if (accept(keyword('BETWEEN'))) {
      operand()
      expect(keyword('AND'))
      operand()
    } else if (accept(keyword('IN'))) {
      expect(is('('))
      list(operand)
      expect(is(')'))
    } else {
      const comparator = peek().text
      expect(peek().kind === 'symbol' && comparators.has(comparator))
      const right = operand()
      const attribute = left.attribute ?? right.attribute
      const value = left.value ?? right.value
      if (sure && comparator === '=' && attribute !== undefined && value !== undefined)
        pinned.push({ attribute, value })
    }
  }

  function change(): void {
    if (++depth > maxDepth) throw new NotUnderstood()
    if (accept(is('('))) {
      sum()
      expect(is(')'))
    } else if (!call(changes, change)) operand()
    depth--
  }

  function sum(): void {
    change()
    if (accept(is('+') || is('-'))) change()
  }

  const sections: Readonly<Record<string, () => void>> = {
    SET: () => {
      path()
      expect(is('='))
      sum()
    },
    REMOVE: path,
    ADD: () => {
      path()
      expect(peek().kind === 'value')
    },
    DELETE: () => {
      path()
      expect(peek().kind === 'value')
    },
  }

  return {
    condition: () => {
      either(true)
      return finish()
    },
    projection: () => {
      list(path)
      return finish()
    },
    update: () => {
      const seen = new Set<string>()
      do {
        const name = peek().text.toUpperCase()
        const section = peek().kind === 'word' && Object.hasOwn(sections, name) ? sections[name] : undefined
        if (!section || seen.has(name)) throw new NotUnderstood()
        seen.add(name)
        at++
        list(section)
      } while (peek().kind !== 'end')
      return finish()
    },
  }
}
