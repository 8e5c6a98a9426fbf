import type { Statement } from '../document.ts'

type Condition = NonNullable<Statement['Condition']>

/** An Allow. */
export const allow = (Action: string | string[], Resource: string | string[], Condition?: Condition): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
})
/** A Deny. */
export const deny = (Action: string, Resource: string, Condition?: Condition): Statement => ({
  ...allow(Action, Resource, Condition),
  Effect: 'Deny',
})
/** An Allow of everything in S3 under these conditions. */
export const when = (...conditions: readonly Condition[]): Statement =>
  allow('s3:*', '*', Object.assign({}, ...conditions) as Condition)

/** Two lists of statements, and what `within` says of them: `holds`, `refuted`, or a code. */
export interface Golden {
  readonly name: string
  readonly a: readonly Statement[]
  readonly b: readonly Statement[]
  readonly says: string
}
/** B allows all that A does. */
export const holds = (
  name: string,
  a: Statement | readonly Statement[],
  b: Statement | readonly Statement[],
): Golden => ({
  name,
  a: [a].flat(),
  b: [b].flat(),
  says: 'holds',
})
/** B does not. */
export const refuted: typeof holds = (...parts) => ({ ...holds(...parts), says: 'refuted' })
/** Neither is known. */
export const open: typeof holds = (...parts) => ({ ...holds(...parts), says: 'policy.proof_open' })
