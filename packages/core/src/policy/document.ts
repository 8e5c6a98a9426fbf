/** An IAM policy document as JSON (AWS IAM User Guide, "IAM JSON policy elements reference"). */
export interface PolicyDocument {
  readonly Version?: '2012-10-17' | '2008-10-17'
  readonly Id?: string
  readonly Statement: readonly Statement[]
}

/**
 * Whom a statement of a resource policy speaks of: everybody, or ARNs by kind: `{ AWS: ["arn:…"] }` (IAM, "AWS JSON
 * policy elements: Principal").
 */
export type Principal = '*' | Readonly<Record<string, string | readonly string[]>>

/**
 * One statement, spelled as IAM spells it. Of each pair (`Action`/`NotAction`, `Resource`/`NotResource`,
 * `Principal`/`NotPrincipal`) exactly one stands where the kind of policy asks for it; `parsePolicy` holds that.
 */
export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: Principal
  readonly NotPrincipal?: Principal
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  /** Operator → key → values. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, ConditionValues>>>>
}

/** The values of one condition key. Several are alternatives; negated operators want none of them to match. */
export type ConditionValues = string | number | boolean | readonly (string | number | boolean)[]

/** A document with the name under which it is attached and reported. */
export interface NamedPolicy {
  readonly name: string
  readonly document: PolicyDocument
}

/**
 * Everything that an app's manifest compiles to. Which side must allow depends on the resource:
 * `route` and `admin` resources: the resource policy; `function` resources: both sides (cross-zone is cross-account);
 * doors, secrets and AWS resources: the identity policy of the function that asks.
 */
export interface AppPolicies {
  /** Denies only; asked for every request. */
  readonly guardrails: readonly NamedPolicy[]
  /** Principal ARN (a function's) → its identity policies. */
  readonly identity: ReadonlyMap<string, readonly NamedPolicy[]>
  /** Resource ARN → the policy attached to it. */
  readonly resource: ReadonlyMap<string, NamedPolicy>
}

/** One level of an organization's tree: its root, a unit, an account. Its policies speak together. */
export interface PolicyLevel {
  readonly id: string
  readonly policies: readonly NamedPolicy[]
}

/**
 * Everything that speaks on one caller's access to one resource (IAM, "Policy evaluation logic"). A list that is absent
 * is not there at all; one that is empty is there and allows nothing.
 */
export interface PolicyLayers {
  /** Denies only. */
  readonly guardrails?: readonly NamedPolicy[]
  /** From the root down; every level implicitly holds full access, so only their denies count. */
  readonly resourceControl?: readonly PolicyLevel[]
  /** From the root down; every level must allow. */
  readonly serviceControl?: readonly PolicyLevel[]
  /** Of the network endpoint that the request came through. */
  readonly endpoint?: readonly NamedPolicy[]
  /** Attached to the resource. */
  readonly resource?: NamedPolicy
  /** Attached to the caller. */
  readonly identity?: readonly NamedPolicy[]
  readonly boundary?: readonly NamedPolicy[]
  readonly session?: readonly NamedPolicy[]
}
