/**
 * Bounds on what the engine reads and matches, so that no document and no request can make one decision expensive.
 * Adversary: whoever may upload a policy, and whoever may choose a resource name or a context value.
 */
export const limits: Readonly<Record<Limit, number>> = {
  /** UTF-8 bytes of one policy text. */
  policyBytes: 1024 * 1024,
  /** Objects and arrays inside each other. */
  nesting: 32,
  /** UTF-16 units of one action pattern. */
  actionLength: 256,
  /** UTF-16 units of one resource pattern, and of the resource of one request (AWS: ARNs end at 2,048). */
  resourceLength: 2048,
  /** UTF-16 units of one condition value. */
  operandLength: 4096,
  /** UTF-16 units of a request's value against which patterns are still matched; longer ones are unclear. */
  matchedLength: 8192,
  /** Context keys of one request. */
  contextKeys: 512,
  /** Faults reported for one document; the rest would only hide the first. */
  faults: 200,
}

type Limit =
  | 'policyBytes'
  | 'nesting'
  | 'actionLength'
  | 'resourceLength'
  | 'operandLength'
  | 'matchedLength'
  | 'contextKeys'
  | 'faults'
