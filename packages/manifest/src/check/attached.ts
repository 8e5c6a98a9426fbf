import { compileLayer, type LayerSet, type NamedPolicy, type Statement } from '@sallyport/core/policy'

import type { FunctionDeclaration } from '../app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import type { Position } from '../position.ts'

/** One Allow of a document that a function has attached. */
export interface Attached {
  readonly statement: Statement
  /** The document as it is compiled, with all its statements. */
  readonly of: NamedPolicy
  readonly at: Position
}

/** What the documents attached to a function allow it, by themselves. */
export function attachedGrants({ policies, origins }: CompiledApp, one: FunctionDeclaration): readonly Attached[] {
  const names = new Set((one.identityPolicies ?? []).map(({ name }) => name))
  return (policies.identity.get(one.arn) ?? [])
    .filter(({ name }) => names.has(name))
    .flatMap((of) =>
      of.document.Statement.filter(({ Effect }) => Effect === 'Allow').map((statement) => ({
        statement,
        of,
        at: origins.get(statement.Sid ?? '') ?? { file: of.name, line: 1, column: 1 },
      })),
    )
}

/** The statement as a layer of its own, read as in its document; `resource` in the place of its own. */
export function layerOf({ statement, of }: Attached, resource?: string): LayerSet {
  const Statement = [resource === undefined ? statement : { ...statement, Resource: resource }]
  return compileLayer('identity', [{ name: of.name, document: { ...of.document, Statement } }])
}

/** What to do about a statement of which too little can be proved. */
export const simpler = 'make the statement simpler, or take it away'
