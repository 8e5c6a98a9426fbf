import type { Layer } from '@sallyport/core/access'

import type { NamedPolicy } from '../document.ts'
import type { PolicyKind } from '../fault.ts'
import { type CompiledStatement, compileStatements } from './statement.ts'
import { indexStatements, type StatementIndex } from './statement-index.ts'

/** Everything that one layer says, compiled. */
export interface PolicySet {
  readonly kind: 'set'
  readonly layer: Layer
  readonly statements: readonly CompiledStatement[]
  readonly denies: StatementIndex
  readonly allows: StatementIndex
}

/** Compiles the policies of one layer. They must be valid: see `compilePolicies`. */
export function compileSet(layer: Layer, policies: readonly NamedPolicy[]): PolicySet {
  const statements = policies.flatMap((policy) => compileStatements(layer, policy))
  return {
    kind: 'set',
    layer,
    statements,
    denies: indexStatements(statements.filter(({ source }) => source.Effect === 'Deny')),
    allows: indexStatements(statements.filter(({ source }) => source.Effect === 'Allow')),
  }
}

/** A layer with nothing in it: it denies nothing and allows nothing. */
export const emptySets: Readonly<Record<PolicyKind, PolicySet>> = {
  guardrail: compileSet('guardrail', []),
  resource: compileSet('resource', []),
  identity: compileSet('identity', []),
  boundary: compileSet('boundary', []),
  session: compileSet('session', []),
}

/**
 * Which layers must say Allow, by the kind of resource. A route or an administrative act is opened by its own policy
 * alone; a function's operation by both sides, as across accounts; everything else by the one who asks.
 */
const sides: readonly { readonly prefix: string; readonly layers: readonly Layer[] }[] = [
  { prefix: 'arn:sallyport:route:', layers: ['resource'] },
  { prefix: 'arn:sallyport:admin:', layers: ['resource'] },
  { prefix: 'arn:sallyport:function:', layers: ['resource', 'identity'] },
]

const askingSide: readonly Layer[] = ['identity']

/** The layers that must each allow an access to this resource. */
export function allowingLayers(resource: string): readonly Layer[] {
  for (const side of sides) if (resource.startsWith(side.prefix)) return side.layers
  return askingSide
}
