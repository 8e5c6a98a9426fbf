/** Where a document is attached; it decides which elements the document may have. */
export type PolicyKind =
  | 'identity'
  | 'resource'
  /** A role's trust policy: a resource policy that speaks of that role and so names no resource. */
  | 'trust'
  | 'guardrail'
  | 'boundary'
  | 'session'
  | 'endpoint'
  | 'service-control'
  | 'resource-control'

/** Everything that can be wrong with a policy document. One line per code; the message says the rest. */
export type PolicyFaultCode =
  /** The text, a list or a pattern is over a limit of `limits.ts`. */
  | 'policy.too_large'
  | 'policy.too_deep'
  /** Not JSON (RFC 8259). */
  | 'policy.syntax'
  /** JSON that a word processor has beautified; `corrected` holds the document as it was meant. */
  | 'policy.typographic_quotes'
  | 'policy.duplicate_key'
  | 'policy.duplicate_sid'
  | 'policy.unknown_element'
  | 'policy.unknown_operator'
  | 'policy.wrong_type'
  /** A list, object or string that must hold something is empty. */
  | 'policy.empty'
  | 'policy.missing_element'
  /** Elements that exclude each other, or that this kind of policy does not have. */
  | 'policy.illegal_combination'
  /** Effect, Version or Sid is not one of the allowed values. */
  | 'policy.invalid_value'
  | 'policy.invalid_action'
  | 'policy.invalid_arn'
  | 'policy.invalid_principal'
  | 'policy.invalid_condition_key'
  /** A condition value that its operator cannot compare with: no number, no date, no address, … */
  | 'policy.invalid_operand'
  | 'policy.invalid_variable'
  /** A document made in memory holds something that JSON has no word for. */
  | 'policy.not_plain_data'

/** The codes that the engine gives as reasons of a decision; a refusal made beforehand keeps its own. */
export type PolicyReasonCode =
  | 'policy.allow'
  /** A Deny statement matched. */
  | 'policy.explicit_deny'
  /** A layer that must allow did not. */
  | 'policy.implicit_deny'
  /** The request cannot be judged: over a bound, two spellings of one key, no proper action. */
  | 'policy.malformed_request'
  /** The engine itself failed. */
  | 'policy.error'

/** One thing wrong with a document. All are reported at once. */
export interface PolicyFault {
  readonly code: PolicyFaultCode
  readonly message: string
  /** The name under which the document was given. */
  readonly policy: string
  /** `Statement[1].Condition.StringEquals`; empty for the document as a whole. */
  readonly path: string
  /** 1-based; 0 for documents made in memory, which have no text. */
  readonly line: number
  readonly column: number
  /** What to write instead. */
  readonly suggestion?: string
  /** The whole document as it was meant; on `policy.typographic_quotes` only. */
  readonly corrected?: string
}

/** What is wrong with one string of a list. */
export interface Problem {
  readonly code: PolicyFaultCode
  /** Goes after the string: `is not an ARN`. */
  readonly problem: string
}

/** A fault before its offset has become a line and a column. */
export interface Finding {
  readonly code: PolicyFaultCode
  readonly message: string
  readonly path: string
  /** Offset in UTF-16 units; -1 where there is no text. */
  readonly at: number
  readonly suggestion?: string
}

/** Line and column of an offset, both 1-based; both 0 for the offset -1. */
export function positionOf(text: string, at: number): { readonly line: number; readonly column: number } {
  if (at < 0) return { line: 0, column: 0 }
  let line = 1
  let start = 0
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) {
    line += 1
    start = next + 1
  }
  return { line, column: at - start + 1 }
}
