/**
 * One thing that an app lets happen, in a form that two apps can be compared by.
 * `rank` says how open it is; a fact that is not there has `absentRank`. A change that raises the rank broadens.
 */
export interface AccessFact {
  /** The same in both apps when it is about the same thing. */
  readonly key: string
  /** As a person reads it: `payments may use stripe.charge`. */
  readonly line: string
  readonly rank: number
  readonly absentRank: number
  /** A wider fact: while the old app has it, this one adds nothing. */
  readonly coveredBy?: string
  /** No order is known between two values (a schema, an upstream): any change may broaden. */
  readonly opaque: boolean
}

/** Present or absent: its presence is access. */
export function grant(line: string, coveredBy?: string): AccessFact {
  return { key: line, line, rank: 1, absentRank: 0, opaque: false, ...(coveredBy === undefined ? {} : { coveredBy }) }
}

/** Present or absent: its presence is a restraint. */
export function restraint(line: string): AccessFact {
  return { key: line, line, rank: 0, absentRank: 1, opaque: false }
}

/** A value with an order: a higher rank is more open, and 0 adds nothing when it comes new. */
export function measure(key: string, rank: number, line: string): AccessFact {
  return { key, line, rank, absentRank: 0, opaque: false }
}

/** A value without an order. `absentRank` above 1 for one whose absence is wider still. */
export function opaque(key: string, line: string, absentRank = 0): AccessFact {
  return { key, line, rank: 1, absentRank, opaque: true }
}

/** A bound that may be absent, and is then without limit: less is narrower, and a new one narrows. */
export function bound(key: string, rank: number, line: string): AccessFact {
  return { key, line, rank, absentRank: Infinity, opaque: false }
}

/** The key of the fact about a guardrail's document. */
export function guardrailKey(document: string): string {
  return `guardrail ${document}`
}

/** The key of the fact about a document that is attached to a function. */
export function policyKey(functionName: string, document: string): string {
  return `policy ${functionName} ${document}`
}
