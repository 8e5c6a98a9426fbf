import { compile, decide, type NamedPolicy } from '@sallyport/core/policy'

import type { CompiledApp } from '../compile/compile-app.ts'

/**
 * Whether anything besides the identity's own policies says what becomes of an action: a guardrail that denies it
 * somewhere, on whatever conditions, or that it is one of ours. Of any other there is nothing to prove.
 */
export function concernOf({ policies }: CompiledApp): (action: string) => boolean {
  const everywhere = policies.guardrails.map(({ name, document }): NamedPolicy => {
    const Statement = document.Statement.map(({ Action, NotAction }) => ({
      Effect: 'Deny' as const,
      ...(Action === undefined ? { NotAction: NotAction ?? [] } : { Action }),
      Resource: '*',
    }))
    return { name, document: { Version: '2012-10-17', Statement } }
  })
  const set = compile({ guardrails: everywhere })
  const known = new Map<string, boolean>()
  const isConcerned = (action: string): boolean => {
    if (/^sallyport:|[*?]/i.test(action)) return true
    const decision = decide(set, [{ ...nobody, action }])
    return decision.effect === 'deny' && decision.explicit
  }
  return (action) => {
    const concerned = known.get(action) ?? isConcerned(action)
    known.set(action, concerned)
    return concerned
  }
}

const nobody = {
  id: '0'.repeat(32),
  transaction: '0'.repeat(32),
  subject: { kind: 'function', id: 'nobody', name: 'nobody', roles: [] },
  resource: '*',
  context: {},
  actors: [],
} as const
