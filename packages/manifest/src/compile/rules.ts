import type { Statement } from '@sallyport/core/policy'

import type { Position } from '../position.ts'

/** Makes statements with Sids that are unique in the app, and remembers where each rule stands. */
export interface Rules {
  /** `parts` are joined to a readable Sid: `route-storefront-POST-checkout-customer`. */
  statement(parts: readonly string[], at: Position, statement: Omit<Statement, 'Sid'>): Statement
  readonly origins: ReadonlyMap<string, Position>
}

/** An empty set of rules. */
export function collectRules(): Rules {
  const origins = new Map<string, Position>()
  return {
    origins,
    statement: (parts, at, statement) => {
      const name = parts
        .map(slug)
        .filter((part) => part !== '')
        .join('-')
      let sid = name
      for (let count = 2; origins.has(sid); count++) sid = `${name}-${count}`
      origins.set(sid, at)
      return { Sid: sid, ...statement }
    },
  }
}

function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
}
