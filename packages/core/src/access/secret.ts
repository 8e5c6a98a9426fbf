const values = new WeakMap<Secret<unknown>, unknown>()

/**
 * A value that does not show itself: strings, JSON, `inspect` and spreads print `[secret]` or nothing.
 * Adversary: our own logs and error texts. `reveal` is a call that one can search for.
 */
export class Secret<T> {
  constructor(value: T) {
    values.set(this, value)
  }

  /** The value itself. Call it where the secret is used, never to keep the result. */
  reveal(): T {
    return values.get(this) as T
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}

// Node's `util.inspect`, and so `console.log`, asks for this symbol before anything else.
Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => '[secret]' })
