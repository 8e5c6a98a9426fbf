/** What is weak about a document although it is valid. */
export type LintCode =
  /** Everything that a service has may be done to everything, by one statement or by several together. */
  | 'lint.broad'
  /** No request can meet the statement. */
  | 'lint.never'
  /** A Deny of the same document covers the Allow entirely. */
  | 'lint.shadowed'
  /** The document says the same without the statement. */
  | 'lint.dead'
  /** It names an action that does not exist. */
  | 'lint.unknown_action'
  /** An action of it can be granted on none of its resources. */
  | 'lint.wrong_resource'
  /** It asks for a condition key that none of its actions carries. */
  | 'lint.foreign_key'
  /** One of these could not be settled. */
  | 'lint.undecided'

/** One thing that a proof found. */
export interface LintFinding {
  readonly code: LintCode
  /** Which statement, from 0, and its Sid. */
  readonly statement: number
  readonly sid?: string
  /** Where the statement begins; 1-based. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A finding before one knows where its statement stands. */
export type Found = Pick<LintFinding, 'code' | 'statement' | 'message'>
